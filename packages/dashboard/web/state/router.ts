import { signal } from '@preact/signals';

export type Route =
  | { readonly page: 'overview' }
  | { readonly page: 'target'; readonly target: string }
  | { readonly page: 'quarantine'; readonly target: string }
  | { readonly page: 'streams' }
  | { readonly page: 'trace'; readonly url: string }
  | { readonly page: 'activity' }
  | { readonly page: 'login'; readonly isUsed: boolean };

export const route = signal<Route>(read());

addEventListener('hashchange', () => {
  route.value = read();
  scrollTo(0, 0);
});

/** The address of a page, as it is in links. */
export function hrefOf(to: Route): string {
  switch (to.page) {
    case 'overview':
      return '#/';
    case 'target':
      return `#/target/${encodeURIComponent(to.target)}`;
    case 'quarantine':
      return to.target === '' ? '#/quarantine' : `#/quarantine/${encodeURIComponent(to.target)}`;
    case 'trace':
      return to.url === '' ? '#/trace' : `#/trace/${encodeURIComponent(to.url)}`;
    case 'login':
      return to.isUsed ? '#/login/used' : '#/login';
    default:
      return `#/${to.page}`;
  }
}

export function go(to: Route): void {
  location.hash = hrefOf(to);
}

function read(): Route {
  const [page = '', rest = ''] = location.hash.replace(/^#\/?/u, '').split('/', 2);
  const word = decode(rest);
  switch (page) {
    case 'target':
      return word === '' ? { page: 'overview' } : { page, target: word };
    case 'quarantine':
      return { page, target: word };
    case 'trace':
      return { page, url: word };
    case 'login':
      return { page, isUsed: word === 'used' };
    case 'streams':
    case 'activity':
      return { page };
    default:
      return { page: 'overview' };
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A link that somebody cut short.
    return text;
  }
}
