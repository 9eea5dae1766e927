import { all, debounce, getJson, one, say, show, withQuery, words, type Mount } from '../core/dom.ts';
import { showPlace } from '../core/fields.ts';
import { fullName, type Place, type Point, placesOf, POINT } from '../core/places.ts';

const SEARCH_AFTER_MS = 200;

/** Finds a place while its name is typed, goes down the levels without reloading, and proposes the place nearest to a point. */
export const place: Mount = (root, signal) => {
  const value = one<HTMLInputElement>(root, '[data-place-value]');
  const query = one<HTMLInputElement>(root, '[data-place-query]');
  const results = one(root, '[data-place-results]');
  const chosen = one(root, '[data-place-chosen]');
  const locate = one<HTMLButtonElement>(root, '[data-place-locate]');
  const levels = all<HTMLSelectElement>(root, 'select[data-place-level]').sort(
    (a, b) => Number(a.dataset['placeLevel']) - Number(b.dataset['placeLevel']),
  );
  if (!value) return;
  for (const element of all(root, '[data-noscript]')) show(element, false);

  function choose(found: Place): void {
    value!.value = found.code;
    if (chosen) showPlace(chosen, fullName(found));
    results?.replaceChildren();
    // `change` on the hidden input tells the draft and the search for duplicates.
    value!.dispatchEvent(new Event('change', { bubbles: true }));
  }

  // Search while typing.
  let asked = new AbortController();
  async function search(): Promise<void> {
    const typed = query!.value.trim();
    asked.abort();
    asked = new AbortController();
    const { signal: still } = asked;
    if (typed === '' || !root.dataset['search']) return draw([], '');
    const answer = await getJson<unknown>(root.dataset['search'] + encodeURIComponent(typed), still);
    if (answer === undefined || still.aborted || signal.aborted) return;
    const found = placesOf(answer);
    draw(found, found.length === 0 ? words(root, 'none') : words(root, 'found', { n: found.length }));
  }

  function draw(found: Place[], message: string): void {
    results?.replaceChildren(...found.map(result));
    if (results) show(results, found.length > 0);
    say(root, message);
  }

  function result(found: Place): HTMLLIElement {
    const item = document.createElement('li');
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'result';
    const path = document.createElement('small');
    path.textContent = found.path ?? '';
    button.append(found.name, ' ', path);
    button.addEventListener('click', () => {
      for (const level of levels) level.selectedIndex = 0;
      if (query) query.value = '';
      choose(found);
      say(root, '');
      query?.focus();
    });
    item.append(button);
    return item;
  }

  if (query && results) {
    query.addEventListener('input', debounce(SEARCH_AFTER_MS, signal, () => void search()), { signal });
    root.addEventListener(
      'keydown',
      (event) => {
        if (event.isComposing) return;
        const buttons = all<HTMLButtonElement>(results, 'button');
        const at = buttons.indexOf(document.activeElement as HTMLButtonElement);
        const inside = event.target === query || at >= 0;
        if (!inside) return;
        if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
          const next = event.key === 'ArrowDown' ? at + 1 : at - 1;
          (next < 0 ? query : buttons[Math.min(next, buttons.length - 1)])?.focus();
          event.preventDefault();
        } else if (event.key === 'Enter' && event.target === query) {
          // Enter means “this one” here, not “send the whole form”.
          event.preventDefault();
          if (buttons.length > 0) buttons[0]?.click();
          else void search();
        } else if (event.key === 'Escape') {
          draw([], '');
          query.focus();
        }
        for (const button of buttons) button.classList.toggle('is-active', button === document.activeElement);
      },
      { signal },
    );
  }

  // The levels, from the widest to the narrowest.
  async function fill(index: number, parent: string): Promise<void> {
    const select = levels[index];
    if (!select || !root.dataset['children']) return;
    const children = placesOf(await getJson<unknown>(root.dataset['children'] + encodeURIComponent(parent), signal));
    if (levels[index - 1]?.value !== parent) return;
    for (const child of children) select.add(new Option(child.name, child.code));
    select.disabled = children.length === 0;
    select.parentElement?.classList.toggle('empty', select.disabled);
  }

  function picked(index: number): void {
    for (const lower of levels.slice(index + 1)) {
      for (const child of [...lower.children].slice(1)) child.remove();
      lower.disabled = true;
      lower.parentElement?.classList.add('empty');
    }
    const chain = levels.slice(0, index + 1).filter((level) => level.value !== '');
    const parent = levels[index]?.value ?? '';
    if (parent !== '') void fill(index + 1, parent);
    const path = chain.map((level) => level.selectedOptions[0]?.text ?? '').join(' ');
    choose({ code: chain[chain.length - 1]?.value ?? '', name: path });
  }
  levels.forEach((select, index) => select.addEventListener('change', () => picked(index), { signal }));

  // On a slow line people choose and type before this script has come: what they did counts.
  const early = levels.findIndex((level) => level.value !== '' && !level.selectedOptions[0]?.defaultSelected);
  if (early >= 0) picked(early);
  else if (query && query.value.trim() !== query.defaultValue.trim()) void search();

  // The place of a point: proposed only where nothing was chosen yet.
  async function nearest(point: Point, force: boolean): Promise<void> {
    const near = root.dataset['near'];
    if (!near || (!force && value!.value !== '')) return;
    const answer = await getJson<unknown>(withQuery(near, { lat: point.lat.toFixed(6), lon: point.lon.toFixed(6) }), signal);
    const [found] = placesOf(answer);
    if (found && (force || value!.value === '')) choose(found);
    else if (!found) say(root, words(root, 'none'));
  }
  root.closest('form')?.addEventListener(POINT, (event) => void nearest((event as CustomEvent<Point>).detail, false), { signal });

  if (locate && root.dataset['near'] && 'geolocation' in navigator) {
    show(locate);
    locate.addEventListener(
      'click',
      () => {
        locate.disabled = true;
        navigator.geolocation.getCurrentPosition(
          ({ coords }) => {
            locate.disabled = false;
            const point: Point = { lat: coords.latitude, lon: coords.longitude };
            locate.dispatchEvent(new CustomEvent<Point>(POINT, { bubbles: true, detail: point }));
            void nearest(point, true);
          },
          () => {
            locate.disabled = false;
            say(root, words(root, 'denied'));
          },
          { enableHighAccuracy: true, timeout: 15_000, maximumAge: 60_000 },
        );
      },
      { signal },
    );
  }
};
