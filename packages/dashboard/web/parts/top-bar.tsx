import { connection, quarantined } from '../state/live.ts';
import { hrefOf, type Route, route } from '../state/router.ts';
import { chooseTheme, isDark, theme } from '../state/theme.ts';
import { formatNumber, formatShort } from './format.ts';

const LINKS: readonly { readonly to: Route; readonly name: string }[] = [
  { to: { page: 'overview' }, name: 'Overview' },
  { to: { page: 'quarantine', target: '' }, name: 'Quarantine' },
  { to: { page: 'streams' }, name: 'Streams' },
  { to: { page: 'trace', url: '' }, name: 'Trace' },
  { to: { page: 'activity' }, name: 'Activity' },
];

export function TopBar() {
  return (
    <header class="top-bar">
      <a class="brand" href="#/" aria-label="Millrace: overview">
        <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
          <path d="M3 11c4.300 0 4.300 3.500 8.300 3.500S15.700 11 20 11s4.300 3.500 9 3.500" />
          <path
            class="brand-low"
            d="M3 19c4.300 0 4.300 3.500 8.300 3.500S15.700 19 20 19s4.300 3.500 9 3.500"
          />
        </svg>
        <span>Millrace</span>
      </a>
      <nav aria-label="Pages">
        {LINKS.map(({ to, name }) => (
          <a key={name} href={hrefOf(to)} aria-current={isShown(to) ? 'page' : undefined}>
            {name}
            {to.page === 'quarantine' && quarantined.value > 0 && (
              <span class="nav-count" title={`${formatNumber(quarantined.value)} files`}>
                {formatShort(quarantined.value)}
              </span>
            )}
          </a>
        ))}
      </nav>
      <div class="top-bar-end">
        <ConnectionMark />
        <ThemeSwitch />
      </div>
    </header>
  );
}

function isShown(to: Route): boolean {
  const { page } = route.value;
  return page === to.page || (page === 'target' && to.page === 'overview');
}

const CONNECTION_TEXT = { connecting: 'Connecting', live: 'Live', lost: 'Reconnecting' } as const;

function ConnectionMark() {
  return (
    <span class="connection" data-state={connection.value} role="status">
      <span class="connection-dot" aria-hidden="true" />
      {CONNECTION_TEXT[connection.value]}
    </span>
  );
}

function ThemeSwitch() {
  const dark = isDark();
  const follows = theme.value === 'auto';
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={dark ? 'Use the light theme' : 'Use the dark theme'}
      title={follows ? 'Follows the system' : 'Chosen here'}
      onClick={() => chooseTheme(dark ? 'light' : 'dark')}
    >
      <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
        {dark ? (
          <path d="M10 3.200v-2m0 17.600v-2m4.800-11.600 1.400-1.400M3.800 16.200l1.400-1.400m11.600-4.800h2M1.200 10h2m11.600 4.800 1.400 1.400M3.800 3.800l1.400 1.400M13.500 10a3.500 3.500 0 1 1-7 0 3.500 3.500 0 0 1 7 0Z" />
        ) : (
          <path d="M16.500 11.800A7 7 0 0 1 8.200 3.500a7 7 0 1 0 8.300 8.300Z" />
        )}
      </svg>
    </button>
  );
}
