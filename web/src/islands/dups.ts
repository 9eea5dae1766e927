import { asking, debounce, one, say, show, withQuery, words, type Mount } from '../core/dom.ts';

const ASK_AFTER_MS = 500;

/** A record that may tell of the same thing, as `GET /api/v1/duplicates` answers. */
interface Likely {
  record: { id: string; number: string; title: string };
  /** How alike the words are, 0 to 100. */
  likeness: number;
  metres?: number;
}

/**
 * Shows likely duplicates while the clerk types. The root stands beside the form that `data-form` names; `data-src` is asked with the
 * form's fields that `data-fields` lists as `parameter=field` with blanks between, once all the parameters in `data-needs` have a value;
 * `data-href` (`{id}`) is the address of a record. Words: `-none`, `-found` (`{n}`), `-likeness` (`{n}`), `-metres` (`{n}`).
 */
export const dups: Mount = (root, signal) => {
  const form = document.getElementById(root.dataset['form'] ?? '') ?? root.closest('form');
  const list = one(root, '[data-dups-list]');
  const src = root.dataset['src'];
  if (!(form instanceof HTMLFormElement) || !list || !src) return;
  const names = (list_: string | undefined) => (list_ ?? '').split(/\s+/).filter(Boolean);
  let asked = new AbortController();
  let last = '';

  async function ask(): Promise<void> {
    const data = new FormData(form as HTMLFormElement);
    const query: Record<string, string> = {};
    for (const pair of names(root.dataset['fields'])) {
      const [parameter = '', field = parameter] = pair.split('=');
      const value = String(data.get(field) ?? '').trim();
      if (value !== '') query[parameter] = value;
    }
    const url = withQuery(src!, query);
    if (url === last) return;
    asked.abort();
    if (names(root.dataset['needs']).some((name) => query[name] === undefined)) return draw([], '');
    last = url;
    asked = new AbortController();
    const { signal: still } = asked;
    try {
      const response = await fetch(url, { signal: still, headers: asking('application/json') });
      const answer = (await response.json()) as { items?: Likely[] };
      const found = answer.items ?? [];
      if (response.ok && !signal.aborted) draw(found, words(root, found.length === 0 ? 'none' : 'found', { n: found.length }));
    } catch {
      // The clerk can still press the button that asks the server.
      last = '';
    }
  }

  function draw(found: Likely[], message: string): void {
    list!.replaceChildren(...found.map((likely) => entry(root, likely)));
    show(list, found.length > 0);
    say(root, message);
  }

  const soon = debounce(ASK_AFTER_MS, signal, () => void ask());
  form.addEventListener('input', soon, { signal });
  form.addEventListener('change', soon, { signal });
};

function entry(root: HTMLElement, { record, likeness, metres }: Likely): HTMLLIElement {
  const item = document.createElement('li');
  const link = document.createElement('a');
  link.href = (root.dataset['href'] ?? '').replace('{id}', encodeURIComponent(record.id));
  // The form beside it is half filled in.
  link.target = '_blank';
  link.rel = 'noopener';
  link.textContent = record.title;
  const about = document.createElement('small');
  const distance = metres === undefined ? '' : words(root, 'metres', { n: metres });
  about.textContent = [record.number, words(root, 'likeness', { n: likeness }), distance].filter(Boolean).join(' · ');
  item.append(link, ' ', about);
  return item;
}
