/**
 * The letters and digits of a receipt code, however it was typed: full-width characters become ordinary ones, small
 * letters capital, and everything else (blanks, dashes, dots) falls away.
 */
export function bareCode(typed: string): string {
  return typed.normalize('NFKC').toUpperCase().replace(/[^0-9A-Z]/g, '');
}

/** A code in groups, as it stands on the receipt. */
export function groupCode(typed: string, size: number, separator: string): string {
  const bare = bareCode(typed);
  const groups: string[] = [];
  for (let at = 0; at < bare.length; at += size) groups.push(bare.slice(at, at + size));
  return groups.join(separator);
}

/** What was typed in new form, with the place of the caret after the same letter as before. */
export function reformatCode(typed: string, caret: number, size: number, separator: string): { value: string; caret: number } {
  const value = groupCode(typed, size, separator);
  const before = bareCode(typed.slice(0, caret)).length;
  let seen = 0;
  let at = 0;
  while (at < value.length && seen < before) {
    if (bareCode(value.charAt(at)) !== '') seen += 1;
    at += 1;
  }
  return { value, caret: at };
}
