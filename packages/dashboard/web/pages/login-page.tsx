import { useState } from 'preact/hooks';
import { api } from '../state/api.ts';
import { go } from '../state/router.ts';
import { isLoggedOut } from '../state/session.ts';

/** Says how to get in: there are no passwords, only links that the running process gives out. */
export function LoginPage({ isUsed }: { isUsed: boolean }) {
  const [link, setLink] = useState('');
  const [error, setError] = useState(
    isUsed ? 'That link was used already. Each one logs in one browser, once.' : '',
  );
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const token = /(?:[?&]token=|^)([\w-]{20,})\s*$/u.exec(link.trim())?.[1];
    if (token === undefined) {
      setError('Paste the whole line that the command prints.');
      return;
    }
    try {
      await api.logIn(token);
      isLoggedOut.value = false;
      go({ page: 'overview' });
    } catch (failure) {
      setError((failure as Error).message);
    }
  };
  return (
    <main class="login">
      <form class="card login-card" onSubmit={submit}>
        <svg class="login-logo" viewBox="0 0 32 32" width="36" height="36" aria-hidden="true">
          <path d="M3 11c4.300 0 4.300 3.500 8.300 3.500S15.700 11 20 11s4.300 3.500 9 3.500" />
          <path
            class="brand-low"
            d="M3 19c4.300 0 4.300 3.500 8.300 3.500S15.700 19 20 19s4.300 3.500 9 3.500"
          />
        </svg>
        <h1>Log in to Millrace</h1>
        <p class="quiet">
          In the project, where <code>millrace up</code> runs:
        </p>
        <pre class="command">millrace dashboard</pre>
        <p class="quiet">Open the link that it prints, or paste it here.</p>
        <label class="field">
          <span>Link</span>
          <input
            value={link}
            placeholder="http://127.0.0.1:8080/?token=…"
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setLink(event.currentTarget.value)}
          />
        </label>
        {error !== '' && (
          <p class="form-error" role="alert">
            {error}
          </p>
        )}
        <button type="submit" class="button primary">
          Log in
        </button>
      </form>
    </main>
  );
}
