import { words, type Mount } from '../core/dom.ts';

/** Says how many characters are left, once few are. */
export const count: Mount = (root, signal) => {
  const control = root as HTMLTextAreaElement;
  const out = document.getElementById(control.dataset['countOut'] ?? '');
  if (!out || control.maxLength < 0) return;
  const tell = () => {
    out.textContent = words(control, 'left', { n: control.maxLength - control.value.length });
    out.hidden = control.value === '';
  };
  control.addEventListener('input', tell, { signal });
  tell();
};
