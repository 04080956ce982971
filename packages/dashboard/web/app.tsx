import { useEffect } from 'preact/hooks';
import { ActivityPage } from './pages/activity-page.tsx';
import { LoginPage } from './pages/login-page.tsx';
import { OverviewPage } from './pages/overview-page.tsx';
import { QuarantinePage } from './pages/quarantine-page.tsx';
import { StreamsPage } from './pages/streams-page.tsx';
import { TargetPage } from './pages/target-page.tsx';
import { TracePage } from './pages/trace-page.tsx';
import { ActionDialog } from './parts/action-dialog.tsx';
import { Banner } from './parts/banner.tsx';
import { Toast } from './parts/toast.tsx';
import { TopBar } from './parts/top-bar.tsx';
import { startLive, stopLive } from './state/live.ts';
import { route } from './state/router.ts';
import { isLoggedOut } from './state/session.ts';

export function App() {
  const shown = route.value;
  const needsLogin = isLoggedOut.value || shown.page === 'login';
  useEffect(() => {
    if (needsLogin) stopLive();
    else startLive();
  }, [needsLogin]);
  if (needsLogin) return <LoginPage isUsed={shown.page === 'login' && shown.isUsed} />;
  return (
    <>
      <a class="skip-link" href="#main">
        Skip to content
      </a>
      <TopBar />
      <Banner />
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
      <ActionDialog />
      <Toast />
    </>
  );
}

function Page() {
  const shown = route.value;
  switch (shown.page) {
    case 'target':
      return <TargetPage key={shown.target} target={shown.target} />;
    case 'quarantine':
      return <QuarantinePage key={shown.target} target={shown.target} />;
    case 'trace':
      return <TracePage key={shown.url} url={shown.url} />;
    case 'streams':
      return <StreamsPage />;
    case 'activity':
      return <ActivityPage />;
    default:
      return <OverviewPage />;
  }
}
