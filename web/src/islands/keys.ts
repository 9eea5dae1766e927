import { all, type Mount } from '../core/dom.ts';

const SECOND_STROKE_MS = 1500;

/** Keys for people who live in the inbox: `data-key` on links, buttons and inputs, `j` and `k` along the rows. */
export const keys: Mount = (root, signal) => {
  let before = '';
  let timer = 0;
  root.addEventListener(
    'keydown',
    (event) => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (target.isContentEditable || target.closest('input:not([type=checkbox],[type=radio]),textarea,select,[data-map-canvas]')) return;
      const stroke = before ? `${before} ${event.key}` : event.key;
      const keyed = all(root, '[data-key]').filter((element) => element.getClientRects().length > 0);
      const hit = keyed.find((element) => element.dataset['key'] === stroke);
      clearTimeout(timer);
      before = '';
      if (hit) {
        event.preventDefault();
        if (hit.matches('input,textarea,select')) hit.focus();
        else hit.click();
      } else if (stroke === 'j' || stroke === 'k') {
        walk(root, stroke === 'j' ? 1 : -1);
      } else if (keyed.some((element) => element.dataset['key']?.startsWith(`${event.key} `))) {
        before = event.key;
        timer = window.setTimeout(() => {
          before = '';
        }, SECOND_STROKE_MS);
      }
    },
    { signal },
  );
};

function walk(root: HTMLElement, step: number): void {
  const links = all(root, '[data-row] [data-row-link]').filter((link) => link.getClientRects().length > 0);
  const at = links.findIndex((link) => link.closest('[data-row]')?.contains(document.activeElement));
  const next = links[at < 0 ? (step > 0 ? 0 : links.length - 1) : at + step];
  next?.focus();
  next?.scrollIntoView({ block: 'nearest' });
}
