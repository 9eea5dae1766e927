import { debounce, one, say, show, storage, words } from '../core/dom.ts';
import { DraftStore } from '../core/draft-store.ts';
import { readFields, showPlace, writeFields } from '../core/fields.ts';
import { startSending } from './send.ts';

const SAVE_AFTER_MS = 400;
const STATUS = '[data-draft-status]';

/** Keeps what was typed into a form in this browser until the form has arrived. */
export function draft(root: HTMLElement, signal: AbortSignal): void {
  const form = root as HTMLFormElement;
  const key = form.dataset['draftKey'] ?? '';
  const store = new DraftStore(storage(), Date.now);
  const discard = one(form, 'button[data-draft-clear]');
  // A page with the words for it gets sending with retries; without them the browser sends as ever.
  if (form.hasAttribute('data-text-waiting')) startSending(form, signal, key, store);
  if (key === '') return;
  store.sweep();

  const old = store.load(key);
  if (old) {
    const id = one<HTMLInputElement>(form, 'input[name=command_id]');
    if (old.pending !== undefined && id) id.value = old.pending;
    if (writeFields(form, old.fields) > 0) {
      say(form, words(form, 'restored'), STATUS);
      show(discard);
    }
  }

  let cleared = false;
  const save = () => {
    if (cleared) return;
    const kept = store.save(key, readFields(form));
    say(form, kept ? words(form, 'saved') : '', STATUS);
    show(discard, kept);
  };
  const saveSoon = debounce(SAVE_AFTER_MS, signal, save);
  const touched = () => {
    cleared = false;
    saveSoon();
  };
  form.addEventListener('input', touched, { signal });
  form.addEventListener('change', touched, { signal });
  // The last words before the page goes away, for good or into the background.
  addEventListener('pagehide', () => store.save(key, cleared ? [] : readFields(form)), { signal });
  discard?.addEventListener(
    'click',
    () => {
      cleared = true;
      store.clear(key);
      form.reset();
      for (const chosen of form.querySelectorAll('[data-place-chosen]')) showPlace(chosen, '');
      for (const place of form.querySelectorAll<HTMLInputElement>('[data-place-value]')) place.value = '';
      say(form, '', STATUS);
      show(discard, false);
      one(form, 'input:not([type=hidden]),textarea,select')?.focus();
    },
    { signal },
  );
}
