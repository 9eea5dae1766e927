import { all, one, show, type Mount } from '../core/dom.ts';

/** Says what lies under the pointer or the focus of a drawn chart; left and right go from mark to mark. */
export const chart: Mount = (root, signal) => {
  const out = one(root, '[data-chart-out]');
  const marks = all<SVGElement>(root, 'svg [data-point]');
  if (!out || marks.length === 0) return;
  let active: SVGElement | undefined;

  const tell = (mark: SVGElement | undefined) => {
    if (mark === active) return;
    active?.classList.remove('is-active');
    active = mark;
    active?.classList.add('is-active');
    show(out, mark !== undefined);
    out.textContent = mark ? [mark.dataset['label'], mark.dataset['value']].filter(Boolean).join(' ') : '';
    if (!mark) return;
    // Where the style sheet may put the tip, in parts of the figure.
    const box = root.getBoundingClientRect();
    const at = mark.getBoundingClientRect();
    out.style.setProperty('--x', `${(100 * (at.x + at.width / 2 - box.x)) / box.width}%`);
    out.style.setProperty('--y', `${(100 * (at.y + at.height / 2 - box.y)) / box.height}%`);
  };
  const under = (event: Event) => marks.find((mark) => mark.contains(event.target as Node));

  // One stop of the tab key for the whole chart; marks that are links keep their own.
  const [first] = marks;
  if (first && !(first instanceof SVGAElement)) first.tabIndex = 0;
  root.addEventListener('pointerover', (event) => tell(under(event)), { signal });
  root.addEventListener('pointerleave', () => tell(undefined), { signal });
  root.addEventListener('focusin', (event) => tell(under(event)), { signal });
  root.addEventListener('focusout', () => tell(undefined), { signal });
  root.addEventListener(
    'keydown',
    (event) => {
      const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0;
      const at = marks.findIndex((mark) => mark === document.activeElement);
      const next = step === 0 || at < 0 ? undefined : marks[at + step];
      if (!next) return;
      event.preventDefault();
      if (!(next instanceof SVGAElement)) next.tabIndex = -1;
      next.focus();
    },
    { signal },
  );
};
