import { all, say, words, type Mount } from '../core/dom.ts';

/** Keeps an impatient finger from sending a form twice. */
export const once: Mount = (form, signal) => {
  // `draft` with retries has its own guard.
  if (form.hasAttribute('data-text-waiting')) return;
  const buttons = () => all<HTMLButtonElement>(form, 'button:not([type=button]),input[type=submit]');
  form.addEventListener(
    'submit',
    (event) => {
      if (event.defaultPrevented) return;
      say(form, words(form, 'sending'));
      // After the event, so that the pressed button's own value is still sent.
      setTimeout(() => {
        for (const button of buttons()) button.disabled = true;
      });
    },
    { signal },
  );
  addEventListener(
    'pageshow',
    (event) => {
      if (!event.persisted) return;
      say(form, '');
      for (const button of buttons()) button.disabled = false;
    },
    { signal },
  );
};
