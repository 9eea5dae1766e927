import { one, say, show, words, type Mount } from '../core/dom.ts';

/** The receipt's code: copy, print, hand on. */
export const code: Mount = (root, signal) => {
  const text = root.dataset['code'] ?? '';
  const url = root.dataset['url'] ?? '';
  const act = (selector: string, possible: boolean, action: () => void) => {
    const button = one(root, selector);
    if (!button || !possible) return;
    show(button);
    button.addEventListener('click', action, { signal });
  };
  act('[data-code-copy]', 'clipboard' in navigator, () => {
    navigator.clipboard.writeText(text).then(
      () => say(root, words(root, 'copied')),
      () => undefined,
    );
  });
  act('[data-code-print]', true, () => print());
  act('[data-code-share]', 'share' in navigator, () => {
    // Closing the sheet rejects the promise; that is no fault.
    navigator.share({ title: document.title, text, url }).catch(() => undefined);
  });
};
