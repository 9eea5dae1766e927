import { debounce, one, say, show, withQuery, words, type Mount } from '../core/dom.ts';

const ASK_AFTER_MS = 500;

/** A matter that may be the same, as the interface for machines tells it. */
interface Candidate {
  code?: string;
  href: string;
  title: string;
  place?: string;
  state?: string;
  opened?: string;
}

/**
 * Shows likely duplicates while the clerk types. The root stands beside the form that `data-form` names; `data-src` is asked with the
 * form's fields that `data-fields` lists (blanks between names), once all those in `data-needs` are filled in.
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
    const value = (name: string) => String(data.get(name) ?? '').trim();
    const query = Object.fromEntries(names(root.dataset['fields']).map((name) => [name, value(name)]).filter(([, text]) => text));
    const url = withQuery(src!, query);
    if (url === last) return;
    asked.abort();
    if (names(root.dataset['needs']).some((name) => value(name) === '')) return draw([], '');
    last = url;
    asked = new AbortController();
    const { signal: still } = asked;
    try {
      const response = await fetch(url, { signal: still, headers: { Accept: 'application/json' } });
      const answer = (await response.json()) as Candidate[] | { items?: Candidate[] };
      const found = Array.isArray(answer) ? answer : (answer.items ?? []);
      if (response.ok && !signal.aborted) draw(found, words(root, found.length === 0 ? 'none' : 'found', { n: found.length }));
    } catch {
      // The clerk can still press the button that asks the server.
      last = '';
    }
  }

  function draw(found: Candidate[], message: string): void {
    list!.replaceChildren(...found.filter((candidate) => candidate.href && candidate.title).map(entry));
    show(list, found.length > 0);
    say(root, message);
  }

  const soon = debounce(ASK_AFTER_MS, signal, () => void ask());
  form.addEventListener('input', soon, { signal });
  form.addEventListener('change', soon, { signal });
};

function entry(candidate: Candidate): HTMLLIElement {
  const item = document.createElement('li');
  const link = document.createElement('a');
  link.href = candidate.href;
  // The form beside it is half filled in.
  link.target = '_blank';
  link.rel = 'noopener';
  link.textContent = candidate.title;
  const about = document.createElement('small');
  about.textContent = [candidate.code, candidate.place, candidate.state, candidate.opened].filter(Boolean).join(' · ');
  item.append(link, ' ', about);
  return item;
}
