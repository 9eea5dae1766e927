/** An island takes a rendered element and makes it quicker to use; `signal` ends when the element leaves the page. */
export type Mount = (root: HTMLElement, signal: AbortSignal) => void;

/** The words for `key` from the root's `data-text-*`, with `{name}` replaced; empty when the page offers none. */
export function words(root: HTMLElement, key: string, values: Record<string, string | number> = {}): string {
  const template = root.getAttribute(`data-text-${key}`) ?? '';
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Says something in the root's status line (or in `selector`), which screen readers announce. */
export function say(root: HTMLElement, message: string, selector = '[role=status]'): void {
  const line = root.querySelector<HTMLElement>(selector);
  if (!line) return;
  line.hidden = message === '' && line.hidden;
  line.textContent = message;
}

/** The first element that matches, typed. */
export function one<E extends Element = HTMLElement>(root: ParentNode, selector: string): E | null {
  return root.querySelector<E>(selector);
}

/** All elements that match, typed. */
export function all<E extends Element = HTMLElement>(root: ParentNode, selector: string): E[] {
  return [...root.querySelectorAll<E>(selector)];
}

/** Shows what needs script and hides what script replaces. */
export function show(element: HTMLElement | null, visible = true): void {
  if (element) element.hidden = !visible;
}

/** Calls `action` once the calls have paused for `ms`. */
export function debounce(ms: number, signal: AbortSignal, action: () => void): () => void {
  let timer = 0;
  signal.addEventListener('abort', () => clearTimeout(timer));
  return () => {
    clearTimeout(timer);
    timer = window.setTimeout(action, ms);
  };
}

/** Fetches JSON; `undefined` on any failure, since islands only improve and may fall silent. */
export async function getJson<T>(url: string, signal: AbortSignal): Promise<T | undefined> {
  try {
    const response = await fetch(url, { signal, headers: asking('application/json') });
    return response.ok ? ((await response.json()) as T) : undefined;
  } catch {
    return undefined;
  }
}

/** Headers of a question to the interface for machines, which shall answer in the page's language and not in the device's. */
export function asking(media: string): Record<string, string> {
  return { Accept: media, 'Accept-Language': document.documentElement.lang };
}

/** An address with more query parameters. */
export function withQuery(url: string, values: Record<string, string>): string {
  const full = new URL(url, location.href);
  for (const [name, value] of Object.entries(values)) full.searchParams.set(name, value);
  return full.pathname + full.search;
}

/** The browser's storage, or nothing where it is forbidden. */
export function storage(): Storage | undefined {
  try {
    return window.localStorage;
  } catch {
    return undefined;
  }
}
