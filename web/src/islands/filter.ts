import { all, one, show, words, type Mount } from '../core/dom.ts';

/** Narrows a long list of choices to those that hold all the words typed. */
export const filter: Mount = (root, signal) => {
  const query = one<HTMLInputElement>(root, '[data-filter-query]');
  if (!query) return;
  const items = all(root, '[data-filter-item]').map((item) => ({
    item,
    text: (item.dataset['words'] ?? item.textContent ?? '').normalize('NFKC').toLowerCase(),
  }));
  const groups = all<HTMLDetailsElement>(root, '[data-filter-group]').map((group) => ({ group, open: group.open }));
  const status = one(root, '[role=status]');
  show(query.closest<HTMLElement>('[hidden]'));

  const apply = () => {
    const typed = query.value.normalize('NFKC').toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const { item, text } of items) {
      const match = typed.every((word) => text.includes(word));
      item.hidden = !match;
      if (match) shown += 1;
    }
    for (const { group, open } of groups) {
      const any = group.querySelector('[data-filter-item]:not([hidden])') !== null;
      group.hidden = !any;
      group.open = typed.length > 0 ? any : open;
    }
    if (status) status.textContent = shown === 0 ? words(root, 'none') : '';
  };
  query.addEventListener('input', apply, { signal });
  query.addEventListener(
    'keydown',
    (event) => {
      // Enter would send the form that the list stands in.
      if (event.key === 'Enter') event.preventDefault();
    },
    { signal },
  );
};
