// What every page loads: finds the islands on the page and fetches their code, switches theme, type size and language
// in place, and installs the service worker. Kept small; everything else comes lazily.
import { mountAll, register } from './core/page.ts';
import { showChosenTabs } from './core/tabs.ts';
import { prefs } from './islands/prefs.ts';

// Islands that meet on the same pages share one chunk: one request on an old phone instead of eight.
const form = () => import('./islands/form.ts');
const desk = () => import('./islands/desk.ts');
const receipt = () => import('./islands/receipt.ts');

register({
  draft: form,
  send: form,
  once: form,
  photo: form,
  place: form,
  'map-picker': form,
  count: form,
  filter: form,
  'code-entry': form,
  map: desk,
  live: desk,
  chart: desk,
  dups: desk,
  keys: desk,
  code: receipt,
  verify: () => import('./islands/verify.ts'),
});
mountAll();
prefs();
showChosenTabs();

// A receipt tells that a form has arrived: its draft has done its duty. Inline here, so that it needs no second request.
const done = document.querySelector('[data-draft-done]')?.getAttribute('data-draft-done');
if (done) {
  try {
    localStorage.removeItem(`draft:${done}`);
  } catch {
    // Forbidden storage keeps no drafts.
  }
}

if ('serviceWorker' in navigator) {
  addEventListener('load', () => {
    navigator.serviceWorker
      .register('/sw.js')
      .then(() => navigator.serviceWorker.ready)
      .then(({ active }) => active?.postMessage({ lang: document.documentElement.lang }))
      // No worker (private window, plain HTTP): pages simply need the network.
      .catch(() => undefined);
  });
}
