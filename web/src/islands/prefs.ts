import { swapPage } from '../core/page.ts';

/** Settings that only change an attribute of `<html>`: name of the control, name of the attribute. */
const LOOKS = new Map([['theme', 'data-theme'], ['type', 'data-type']]);

/**
 * Theme, type size and language take effect at once: every form that posts to `/preferences` is sent in the background, the look
 * changes before the answer, and the page of the answer takes this one's place with what was typed still in it.
 */
export function prefs(): void {
  document.addEventListener('submit', (event) => {
    const form = event.target as HTMLFormElement;
    if (event.defaultPrevented || form.getAttribute('action') !== '/preferences') return;
    event.preventDefault();
    const data = new FormData(form);
    const pressed = event.submitter as HTMLButtonElement | null;
    if (pressed?.name) data.append(pressed.name, pressed.value);
    const body = new URLSearchParams([...data].map(([name, value]) => [name, String(value)]));
    for (const [name, attribute] of LOOKS) {
      const value = body.get(name);
      if (value !== null) document.documentElement.setAttribute(attribute, value);
    }
    apply(form.action, body).catch(() => location.reload());
  });
}

async function apply(action: string, body: URLSearchParams): Promise<void> {
  const response = await fetch(action, { method: 'POST', body });
  if (!response.ok) throw new Error(String(response.status));
  const html = await response.text();
  const { readFields, writeFields } = await import('../core/fields.ts');
  // A form is recognised in the new page by its id: the words around it are in another language now.
  const typed = [...document.forms].filter((form) => form.id).map((form) => [form.id, readFields(form)] as const);
  const scroll = scrollY;
  if (!swapPage(html, response.url)) throw new Error('not a page');
  scrollTo(0, scroll);
  for (const [id, fields] of typed) {
    const form = document.getElementById(id);
    if (form instanceof HTMLFormElement) writeFields(form, fields);
  }
}
