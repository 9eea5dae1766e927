import { backoff } from '../core/backoff.ts';
import { say, show, words, type Mount } from '../core/dom.ts';

const WAIT = { base: 2000, cap: 120_000, random: Math.random };

/** Tells that something changed, with a link to see it; never moves the page under somebody's hands. Silent while the page is hidden. */
export const live: Mount = (root, signal) => {
  const src = root.dataset['src'];
  if (!src || !('EventSource' in window)) return;
  let source: EventSource | undefined;
  let attempt = 0;
  let timer = 0;
  let since = 0;

  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
  };
  const open = () => {
    close();
    if (document.hidden || signal.aborted) return;
    source = new EventSource(src);
    source.onopen = () => {
      attempt = 0;
    };
    // The browser's own reconnecting knocks at a fixed pace; a restarted server deserves better.
    source.onerror = () => {
      close();
      timer = window.setTimeout(open, backoff(attempt, WAIT));
      attempt += 1;
    };
    source.addEventListener('changed', (event) => {
      const n = count((event as MessageEvent<string>).data);
      if (n <= 0) return;
      // Each event tells of its own changes; the person wants to know of all since the page was opened.
      since += n;
      show(root);
      say(root, words(root, 'changed', { n: since }));
    });
  };

  document.addEventListener('visibilitychange', () => (document.hidden ? close() : open()), { signal });
  addEventListener('pagehide', close, { signal });
  // Back from the back-forward cache: `visibilitychange` does not always tell.
  addEventListener('pageshow', (event) => event.persisted && open(), { signal });
  signal.addEventListener('abort', close);
  open();
};

function count(data: string): number {
  try {
    return Number((JSON.parse(data) as { n?: unknown }).n) || 0;
  } catch {
    return 0;
  }
}
