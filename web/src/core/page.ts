import { all, type Mount } from './dom.ts';

type Loader = () => Promise<Record<string, Mount>>;

/** Event on `document` after the page's body was replaced without a reload. */
export const SWAPPED = 'gz:swapped';

let current = new AbortController();
let loaders: Record<string, Loader> = {};

/** Names the code of each island. */
export function register(known: Record<string, Loader>): void {
  loaders = known;
}

/** Starts every island that stands on the page; code is fetched only for those. */
export function mountAll(): void {
  const { signal } = current;
  for (const root of all(document, '[data-island]')) {
    for (const name of (root.getAttribute('data-island') ?? '').split(/\s+/)) {
      const load = loaders[name];
      if (!load) continue;
      load().then(
        (module) => {
          if (!signal.aborted) module[exportName(name)]?.(root, signal);
        },
        // The connection was cut while loading code: the page still works without it.
        () => undefined,
      );
    }
  }
}

/** Puts another page's language, title and body in place of this one's, without a flicker of white, and starts its islands. */
export function swapPage(html: string, url: string): boolean {
  const next = new DOMParser().parseFromString(html, 'text/html');
  if (!next.querySelector('main')) return false;
  current.abort();
  current = new AbortController();
  const from = next.documentElement;
  const to = document.documentElement;
  for (const { name } of [...to.attributes]) if (!from.hasAttribute(name)) to.removeAttribute(name);
  for (const { name, value } of [...from.attributes]) to.setAttribute(name, value);
  document.title = next.title;
  document.body.replaceWith(document.adoptNode(next.body));
  if (url !== location.href) history.replaceState(null, '', url);
  document.dispatchEvent(new Event(SWAPPED));
  mountAll();
  return true;
}

function exportName(island: string): string {
  return island.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
