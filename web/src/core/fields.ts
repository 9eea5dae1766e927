import type { Kept } from './draft-store.ts';

type Control = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;

/** Never remembered: what the server put there for itself, secrets, files, and buttons. */
const NEVER = new Set(['hidden', 'password', 'file', 'submit', 'button', 'image', 'reset']);

function controls(form: HTMLFormElement): { control: Control; nth: number }[] {
  const seen = new Map<string, number>();
  const list: { control: Control; nth: number }[] = [];
  for (const element of form.elements) {
    const control = element as Control;
    if (!control.name || element instanceof HTMLButtonElement || element instanceof HTMLFieldSetElement) continue;
    const nth = seen.get(control.name) ?? 0;
    seen.set(control.name, nth + 1);
    // A chosen place lives in a hidden input, but it is the person's own choice and no secret.
    if (NEVER.has(control.type) && !control.hasAttribute('data-place-value')) continue;
    if (control.closest('[data-personal],[data-draft-skip]')) continue;
    // Only ways to the choice, and their options come and go; the choice itself is kept.
    if (control.matches('[data-place-level],[data-place-query],[data-filter-query]')) continue;
    list.push({ control, nth });
  }
  return list;
}

const isMark = (control: Control): control is HTMLInputElement => control.type === 'checkbox' || control.type === 'radio';

/** The typed and chosen values that differ from an empty form. */
export function readFields(form: HTMLFormElement): Kept[] {
  const kept: Kept[] = [];
  for (const { control, nth } of controls(form)) {
    if (isMark(control)) {
      if (control.checked !== control.defaultChecked) kept.push({ name: control.name, nth, value: control.checked ? 'on' : '' });
    } else if (control.value !== '' && control.value !== emptyValue(control)) {
      kept.push({ name: control.name, nth, value: control.value });
      const chosen = chosenPlace(control);
      if (chosen) kept.push({ name: `${control.name}#path`, nth, value: chosen.textContent ?? '' });
    }
  }
  return kept;
}

/**
 * Puts remembered values back where the form is still empty: what the server has filled in is newer and stays.
 * Answers how many controls were filled.
 */
export function writeFields(form: HTMLFormElement, kept: Kept[]): number {
  const value = (name: string, nth: number) => kept.find((entry) => entry.name === name && entry.nth === nth)?.value;
  let filled = 0;
  for (const { control, nth } of controls(form)) {
    const old = value(control.name, nth);
    if (old === undefined) continue;
    if (isMark(control)) {
      if (control.checked === (old !== '')) continue;
      control.checked = old !== '';
    } else {
      if (control.value !== '' && control.value !== emptyValue(control)) continue;
      if (control instanceof HTMLSelectElement && ![...control.options].some((option) => option.value === old)) continue;
      control.value = old;
      const chosen = chosenPlace(control);
      if (chosen) showPlace(chosen, value(`${control.name}#path`, nth) ?? '');
    }
    filled += 1;
    // What was restored must be seen.
    for (let box = control.closest('details'); box; box = box.parentElement?.closest('details') ?? null) box.open = true;
    control.dispatchEvent(new Event('input', { bubbles: true }));
  }
  return filled;
}

/** Shows the path of a chosen place, or hides its line when none is chosen. */
export function showPlace(chosen: Element, path: string): void {
  chosen.textContent = path;
  const line = chosen.closest<HTMLElement>('.place-chosen') ?? (chosen as HTMLElement);
  line.hidden = path === '';
}

/** What a select shows before anybody has chosen. */
function emptyValue(control: Control): string {
  if (!(control instanceof HTMLSelectElement)) return '';
  const first = [...control.options].find((option) => option.defaultSelected) ?? control.options[0];
  return first?.value ?? '';
}

function chosenPlace(control: Control): Element | null {
  if (!control.hasAttribute('data-place-value')) return null;
  return control.closest('[data-island~="place"]')?.querySelector('[data-place-chosen]') ?? null;
}
