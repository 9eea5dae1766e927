import { one, say, show, words, type Mount } from '../core/dom.ts';
import type { Item } from '../receipt/cbor.ts';
import { readKeys, readNote } from '../receipt/note.ts';
import { readReceipt, verifyReceipt, type Fault, type Reading, type Receipt, type Seen, type Trust, type Verified } from '../receipt/receipt.ts';
import { clean, named as namedIn, nameOf, timeOf, valueOf } from '../receipt/told.ts';

/** What was brought last, and the name of its file if it came in one: the page may be put in place anew in another language. */
let brought: { text: string; file?: string } | undefined;

/** Checks a receipt on this device: from a file, or from the part of the address that no server sees. */
export const verify: Mount = (root, signal) => {
  const input = one<HTMLInputElement>(root, '[data-verify-file]');
  const take = async (file: File | undefined): Promise<void> => {
    if (!file) return;
    judge();
    say(root, words(root, 'reading'));
    brought = { text: await file.text(), file: file.name };
    check();
  };
  /** Shows what was found: what was said of another file does not stand beside this one. */
  const judge = (found?: Verified | Fault): void => {
    show(one(root, '[data-verify-bad]'), found !== undefined && 'fault' in found);
    show(one(root, '[data-verify-good]'), found !== undefined && !('fault' in found));
  };
  const check = (): void => {
    if (!brought) return;
    judge();
    const trust = trustOf(root);
    if (!trust) return;
    const { text, file } = brought;
    const receipt = readReceipt(text);
    const found: Verified | Fault = receipt ? verifyReceipt(receipt, trust.trust) : { fault: 'unreadable' };
    say(root, '');
    judge(found);
    const of = file === undefined ? words(root, 'of-code') : words(root, 'of-file', { x: file });
    for (const place of root.querySelectorAll('[data-verify-of]')) place.textContent = of;
    if ('fault' in found) {
      // What is no receipt at all was forged by nobody.
      const none = found.fault === 'unreadable';
      const why = none && file === undefined ? 'none-code' : `fault-${found.fault}`;
      write(root, 'fault', words(root, why, { x: found.x ?? '', y: found.y ?? '' }));
      write(root, 'verdict', words(root, none ? 'none' : 'bad'));
      show(one(root, '[data-verify-advice]'), !none);
    } else if (receipt) {
      tell(root, receipt, found, trust.given);
    }
  };
  const fromAddress = (): void => {
    const digits = location.hash.slice(1);
    if (!/^\d+$/.test(digits)) return;
    brought = { text: digits };
    check();
  };
  input?.addEventListener('change', () => void take(input.files?.[0]), { signal });
  // Nothing of the form goes anywhere.
  root.addEventListener(
    'submit',
    (event) => {
      event.preventDefault();
      check();
    },
    { signal },
  );
  // A file dropped anywhere on the page is meant for it; otherwise the browser would leave the page.
  document.addEventListener('dragover', (event) => event.preventDefault(), { signal });
  document.addEventListener(
    'drop',
    (event) => {
      event.preventDefault();
      void take(event.dataTransfer?.files[0]);
    },
    { signal },
  );
  addEventListener('hashchange', fromAddress, { signal });
  show(root);
  fromAddress();
  check();
  // From now on the page is there without a network as well.
  void navigator.serviceWorker?.ready.then(({ active }) => active?.postMessage({ keep: location.pathname }));
};

function write(root: HTMLElement, place: string, text: string): void {
  const found = one(root, `[data-verify-${place}]`);
  if (found) found.textContent = text;
}

/** The keys and the checkpoint that the reader brings along, else the page's keys; nothing while one of them is mistyped. */
function trustOf(root: HTMLElement): { trust: Trust; given: boolean } | undefined {
  const typed = (name: string) => one<HTMLTextAreaElement>(root, `[data-verify-${name}]`)?.value.trim() ?? '';
  const mark = (name: string, wrong: boolean): void => {
    show(one(root, `[data-verify-${name}-error]`), wrong);
    const field = one(root, `[data-verify-${name}]`);
    field?.setAttribute('aria-invalid', String(wrong));
    if (wrong) field?.focus();
  };
  const own = typed('keys');
  const keys = readKeys(own === '' ? (root.dataset['keys'] ?? '') : own);
  mark('keys', own !== '' && !keys);
  // Pasting loses the last newline, which belongs to the form.
  const text = typed('note');
  const log = text === '' ? undefined : readNote(`${text.replace(/\r/g, '')}\n`);
  mark('note', text !== '' && !log);
  if (!keys || (text !== '' && !log)) return undefined;
  return { trust: log ? { keys, log } : { keys }, given: own !== '' };
}

function tell(root: HTMLElement, receipt: Receipt, found: Verified, given: boolean): void {
  const facts: [string, string][] = [
    [words(root, 'log'), found.checkpoint.origin],
    [words(root, 'size'), String(found.checkpoint.size)],
    ...found.signers.map((key): [string, string] => [words(root, 'signed'), key.text]),
    [words(root, 'record'), found.record],
    ...(found.after === undefined ? [] : [[words(root, 'after'), words(root, 'after-text', { x: timeOf(found.after, receipt.reading) })] as [string, string]]),
  ];
  const list = one(root, '[data-verify-facts]');
  list?.replaceChildren(...facts.map(([label, value]) => element('div', {}, element('dt', {}, label), element('dd', {}, clean(value)))));
  const notes = [words(root, given ? 'keys-given' : 'keys-page')];
  if (found.after === undefined && (found.entries[0]?.seq ?? 0) > 0) notes.push(words(root, 'after-none'));
  if (found.since !== undefined) notes.push(words(root, 'since', { x: found.since }));
  list?.append(...notes.map((note) => element('div', {}, element('dt', {}, ''), element('dd', {}, element('small', {}, note)))));
  one(root, '[data-verify-entries]')?.replaceChildren(...found.entries.map((entry) => told(root, entry, receipt.reading)));
  show(one(root, '[data-verify-short]'), receipt.short);
  // The short form holds no names.
  show(one(root, '[data-verify-names]'), !receipt.short);
}

/** The kind of deed by which personal values were erased, as in `crates/kernel/src/event.rs`. */
const ERASED = 4;

function told(root: HTMLElement, entry: Seen, reading: Reading): HTMLElement {
  const when = timeOf(entry.at, reading);
  const head = element('p', { class: 'what' }, element('strong', {}, words(root, 'entry', { x: entry.seq })), ' ', element('time', {}, when));
  const about = element('div', {}, head);
  const icon = one(root, '[data-verify-good] .i')?.cloneNode(true);
  const item = element('li', { class: 'tone-good' }, element('span', { class: 'knob' }, ...(icon ? [icon] : [])), about);
  if (!entry.event) {
    about.append(element('p', { class: 'by' }, words(root, 'hidden')));
    return item;
  }
  const { by, deed } = entry.event;
  const who = words(root, Array.isArray(by) ? 'by-person' : by === 2 ? 'by-system' : 'by-public');
  about.append(element('p', {}, `${happened(root, deed, reading)} · ${who}`));
  const [kind, , reason, opening, , set] = deed;
  if (kind === ERASED && typeof reason === 'string' && reason !== '') {
    const why = element('div', {}, element('dt', {}, words(root, 'erased-why')), element('dd', {}, clean(reason)));
    about.append(element('dl', { class: 'facts' }, why));
  }
  if (kind === 0 && set instanceof Map) {
    const facts = (names: string[]): HTMLElement[] => names.flatMap((name) => {
      const shown = valueOf(set.get(name) ?? null);
      return shown === undefined ? [] : [element('div', {}, term(name, reading), element('dd', {}, shown))];
    });
    if (Array.isArray(opening) && typeof opening[0] === 'string') about.append(element('p', { class: 'mono' }, clean(opening[0])));
    about.append(element('dl', { class: 'facts' }, ...facts(reading.asked.filter((name) => set.has(name)))));
    const others = facts([...set.keys()].filter((name) => !reading.asked.includes(name)));
    if (others.length > 0) about.append(element('details', {}, element('summary', {}, words(root, 'others')), element('dl', { class: 'facts' }, ...others)));
  }
  return item;
}

/** What happened, by the deed's kind. */
function happened(root: HTMLElement, deed: Item[], reading: Reading): string {
  const [kind, name] = deed;
  if (kind === ERASED && Array.isArray(name)) {
    return words(root, 'erased', { x: name.map((field) => named(String(field), reading)).join(', ') });
  }
  const known = typeof name === 'string' ? named(name, reading) : Array.isArray(name) ? clean(name.join(', ')) : '';
  return kind === 1 ? words(root, 'passed-late', { x: known }) : known;
}

const chinese = (): boolean => document.documentElement.lang.startsWith('zh');

const named = (code: string, reading: Reading): string => namedIn(code, reading, chinese());

/** A field's code, and the receipt's own name for it less strongly. */
function term(code: string, reading: Reading): HTMLElement {
  const name = nameOf(code, reading, chinese());
  return element('dt', {}, clean(code), ...(name === undefined ? [] : [' ', element('small', {}, `〔${name}〕`)]));
}

function element(name: string, attributes: Record<string, string>, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
