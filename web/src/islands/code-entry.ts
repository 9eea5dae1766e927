import { reformatCode } from '../core/code.ts';
import type { Mount } from '../core/dom.ts';

/** Puts a receipt code into groups while it is typed; full-width and small letters are welcome. The root is the `<input>`. */
export const codeEntry: Mount = (root, signal) => {
  const input = root as HTMLInputElement;
  const size = Number(input.dataset['group']) || 4;
  const separator = input.dataset['separator'] ?? '-';
  const format = (event: Event) => {
    // Amid a Chinese input method's composition the text is not the person's yet.
    if ((event as InputEvent).isComposing) return;
    const { value, caret } = reformatCode(input.value, input.selectionStart ?? input.value.length, size, separator);
    if (value === input.value) return;
    input.value = value;
    input.setSelectionRange(caret, caret);
  };
  input.addEventListener('input', format, { signal });
  input.addEventListener('compositionend', format, { signal });
};
