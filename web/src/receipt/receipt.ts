// Receipts: reading what people bring (a file, the address in a QR code, its digits) and checking it. The same rules stand in
// `crates/kernel/src/receipt.rs`; both are held to `suite/receipts/cases.json`.
import { base64, concat, fromDigits, hex, same, type Bytes } from './bytes.ts';
import { decode, type Item } from './cbor.ts';
import { continues, hash, HASH, includes, leafHash, type Log } from './merkle.ts';
import { checkpointText, readCheckpoint, readKey, readNote, shortSignature, signersOf, type Checkpoint, type Key, type LogKey, type Note } from './note.ts';

interface Proven {
  seq: number;
  header: Bytes;
  /** With its salt. */
  body?: { salt: Bytes; bytes: Bytes };
  path: Bytes[];
}

export interface Receipt {
  /** Whether it is the short form of a QR code: the first entry only, without content and keys. */
  short: boolean;
  record: Bytes;
  keys: Key[];
  checkpoint: Note;
  entries: Proven[];
  /** Header of the entry before the first one. */
  before?: Bytes;
  earlier?: Log & { path: Bytes[] };
  reading: Reading;
}

/** What helps reading; nothing of it is proven. */
export interface Reading {
  zone: number;
  labels: Map<string, { zh: string; en: string }>;
  /** Fields that people filled in, in the order of the form. */
  asked: string[];
}

export interface Trust {
  keys: LogKey[];
  log?: Note;
}

export interface Event {
  by: Item;
  deed: Item[];
}

export interface Seen {
  seq: number;
  at: number;
  revision: number;
  event?: Event;
}

export interface Verified {
  record: string;
  checkpoint: Checkpoint;
  signers: Key[];
  ownKeys: boolean;
  entries: Seen[];
  /** When the entry before the first one was entered. */
  after?: number;
  since?: number;
}

export interface Fault {
  fault: string;
  x?: string;
  y?: string;
}

/** The form of new files; those of the first one give a salt also where they hold no content. */
const FORM = 2;
/** How far times of format 1 may go back, in milliseconds. */
const LAG = 10 * 60_000;
/** The county's time where a receipt does not tell it: minutes east of UTC. */
const CHINA = 480;
const LONGEST = 4 * 1024 * 1024;

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Stops reading: it is no receipt. */
class Unreadable extends Error {}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Unreadable();
  return value;
}

function text(value: unknown): string {
  return must(typeof value === 'string' ? value : undefined);
}

function bytes(value: unknown, length?: number): Bytes {
  const read = must(base64(text(value)));
  return must(length === undefined || read.length === length ? read : undefined);
}

function count(value: unknown): number {
  return must(isCount(value) ? value : undefined);
}

function list<T>(value: unknown, one: (item: unknown) => T): T[] {
  return must(Array.isArray(value) ? value : undefined).map(one);
}

/** Reads a receipt, unchecked; `undefined` when it is none. */
export function readReceipt(given: string): Receipt | undefined {
  const trimmed = given.trim();
  const digits = trimmed.slice(trimmed.lastIndexOf('#') + 1);
  try {
    return digits !== '' && /^\d+$/.test(digits) ? readShort(digits) : readFile(trimmed);
  } catch {
    return undefined;
  }
}

function readFile(given: string): Receipt {
  if (given.length > LONGEST) throw new Unreadable();
  const file: unknown = JSON.parse(given.replace(/^\ufeff/, ''));
  const form = isObject(file) ? file['gongzhi-receipt'] : undefined;
  if (!isObject(file) || (form !== 1 && form !== FORM)) throw new Unreadable();
  const checkpoint = must(readNote(text(file['checkpoint'])));
  // What people read at the top must be what is signed.
  if (checkpoint.text.split('\n')[0] !== text(file['origin'])) throw new Unreadable();
  const record = text(file['record']);
  if (!/^[0-9a-fA-F]{32}$/.test(record)) throw new Unreadable();
  const entry = (item: unknown): Proven => {
    if (!isObject(item)) throw new Unreadable();
    const there = (name: string): boolean => item[name] !== undefined && item[name] !== null;
    // A salt without its content would help only whoever wants to guess the content.
    if (there('body') ? !there('salt') : there('salt') !== (form === 1)) throw new Unreadable();
    const body = there('body') ? { body: { salt: bytes(item['salt'], 16), bytes: bytes(item['body']) } } : {};
    return { seq: count(item['seq']), header: bytes(item['header']), ...body, path: list(item['proof'], (one) => bytes(one, HASH)) };
  };
  const receipt: Receipt = {
    short: false,
    record: Uint8Array.from(record.match(/../g) ?? [], (pair) => parseInt(pair, 16)),
    keys: list(file['keys'], (key) => must(readKey(text(key)))),
    checkpoint,
    entries: list(file['entries'], entry),
    reading: readReading(file['reading']),
  };
  if (file['before'] !== undefined && file['before'] !== null) receipt.before = bytes(file['before']);
  const earlier = file['earlier'];
  if (isObject(earlier)) {
    receipt.earlier = { size: count(earlier['size']), root: bytes(earlier['root'], HASH), path: list(earlier['proof'], (one) => bytes(one, HASH)) };
  }
  return receipt;
}

function readReading(value: unknown): Reading {
  const reading: Reading = { zone: CHINA, labels: new Map(), asked: [] };
  if (!isObject(value)) return reading;
  if (Number.isInteger(value['zone'])) reading.zone = value['zone'] as number;
  for (const [name, label] of Object.entries(isObject(value['labels']) ? value['labels'] : {})) {
    if (isObject(label)) reading.labels.set(name, { zh: text(label['zh']), en: text(label['en']) });
  }
  if (Array.isArray(value['asked'])) reading.asked = value['asked'].map(text);
  return reading;
}

function readShort(digits: string): Receipt {
  const items = decode(must(fromDigits(digits)));
  if (!Array.isArray(items) || items.length !== 8 || (items[0] !== 1 && items[0] !== FORM)) throw new Unreadable();
  // The first form held a salt where the header of the entry before stands now.
  const [form, origin, size, root, signatures, header, before, joined] = items;
  const fits = typeof origin === 'string' && isCount(size) && isBytes(root, HASH) && isBytes(header) && isBytes(before) && isBytes(joined);
  if (!fits || !Array.isArray(signatures) || joined.length % HASH !== 0) throw new Unreadable();
  const note: Note = {
    text: checkpointText({ origin, size, root }),
    signatures: signatures.map((one) => shortSignature(must(isBytes(one) && one.length >= 4 ? one : undefined), origin)),
  };
  const head = must(readHeader(header));
  const path = Array.from({ length: joined.length / HASH }, (_, nth) => joined.slice(nth * HASH, (nth + 1) * HASH));
  return {
    short: true, record: head.record, keys: [], checkpoint: note, entries: [{ seq: head.seq, header, path }], reading: readReading(undefined),
    ...(form === FORM && before.length > 0 ? { before } : {}),
  };
}

function isBytes(item: unknown, length?: number): item is Bytes {
  return item instanceof Uint8Array && (length === undefined || item.length === length);
}

interface Header {
  format: number;
  seq: number;
  at: number;
  record: Bytes;
  revision: number;
  body: Bytes;
  previous: Bytes;
}

/** An entry's head; only canonical bytes are one. */
function readHeader(header: Bytes): Header | undefined {
  try {
    const items = decode(header);
    if (!Array.isArray(items) || items.length !== 8) return undefined;
    const [format, county, seq, at, record, revision, body, previous] = items;
    const fits = isCount(format) && typeof county === 'string' && isCount(seq) && Number.isSafeInteger(at) && isBytes(record, 16);
    if (!fits || !isCount(revision) || !isBytes(body, HASH) || !isBytes(previous, HASH)) return undefined;
    return { format, seq, at: at as number, record, revision, body, previous };
  } catch {
    return undefined;
  }
}

/** Whether an entry's time may stand behind that of one before it. */
function mayFollow(header: Header, before: Header): boolean {
  return header.at >= before.at - (header.format === 1 ? LAG : 0);
}

/** Salt and content, each behind its length in eight bytes. */
function bodyDigest(salt: Bytes, body: Bytes): Bytes {
  const length = (of: Bytes): Bytes => {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setUint32(4, of.length);
    return out;
  };
  return hash(concat(length(salt), salt, length(body), body));
}

/** The signed checkpoint, with the keys that signed it. */
function trusted(note: Note, keys: LogKey[]): { point: Checkpoint; signers: Key[] } | Fault {
  const point = readCheckpoint(note.text);
  if (!point) return { fault: 'checkpoint' };
  const [first] = keys;
  // A log's keys bear its name.
  if (!first) return { fault: 'no-key' };
  if (!keys.some(({ key }) => key.name === point.origin)) return { fault: 'foreign', x: point.origin, y: first.key.name };
  const signers = signersOf(note, point, keys);
  return Array.isArray(signers) ? { point, signers } : signers;
}

/** Checks everything. */
export function verifyReceipt(receipt: Receipt, trust: Trust): Verified | Fault {
  const ownKeys = trust.keys.length === 0;
  const keys = ownKeys ? receipt.keys.map((key) => ({ key, from: 0 })) : trust.keys;
  const signed = trusted(receipt.checkpoint, keys);
  if ('fault' in signed) return signed;
  const { point, signers } = signed;
  if (receipt.entries.length === 0) return { fault: 'empty' };
  const entries: Seen[] = [];
  let last: Header | undefined;
  for (const [nth, entry] of receipt.entries.entries()) {
    const found = verifyEntry(entry, receipt.record, nth + 1, point);
    if ('fault' in found) return found;
    const { header, seen } = found;
    if (last && (header.seq <= last.seq || !mayFollow(header, last))) return { fault: 'time', x: String(header.seq) };
    entries.push(seen);
    last = header;
  }
  const after = timeBefore(receipt);
  if (typeof after === 'object') return after;
  const { earlier } = receipt;
  if (earlier && !continues(earlier, point, earlier.path)) return { fault: 'rewritten', x: String(earlier.size) };
  const verified: Verified = { record: hex(receipt.record), checkpoint: point, signers, ownKeys, entries };
  if (after !== undefined) verified.after = after;
  if (earlier) verified.since = earlier.size;
  if (!trust.log) return verified;
  const own = trusted(trust.log, keys);
  if ('fault' in own) return own;
  const { size, root } = own.point;
  const known = earlier?.size === size ? earlier.root : point.size === size ? point.root : undefined;
  if (!known) return { fault: 'incomparable', x: String(point.size), y: String(size) };
  if (!same(known, root)) return { fault: 'rewritten', x: String(size) };
  return { ...verified, since: size };
}

/** The time of the entry before the first one, which binds it. The first one is proven. */
function timeBefore(receipt: Receipt): number | undefined | Fault {
  const [first] = receipt.entries;
  if (!receipt.before || !first) return undefined;
  const [header, before] = [readHeader(first.header), readHeader(receipt.before)];
  const binds = header && before && same(leafHash(receipt.before), header.previous) && before.seq + 1 === header.seq;
  if (!binds) return { fault: 'before', x: String(first.seq) };
  return mayFollow(header, before) ? before.at : { fault: 'time', x: String(first.seq) };
}

function verifyEntry(entry: Proven, record: Bytes, revision: number, point: Checkpoint): { header: Header; seen: Seen } | Fault {
  const { seq, body } = entry;
  const fault = (name: string): Fault => ({ fault: name, x: String(seq) });
  const header = readHeader(entry.header);
  if (!header || header.seq !== seq) return fault('header');
  if (!includes(leafHash(entry.header), seq, point.size, entry.path, point.root)) return fault('not-in-log');
  if (!same(header.record, record)) return fault('record');
  if (header.revision !== revision) return fault('gap');
  const seen: Seen = { seq, at: header.at, revision };
  if (!body) return { header, seen };
  const event = readEvent(body.bytes, header);
  if (!event || !same(bodyDigest(body.salt, body.bytes), header.body)) return fault('body');
  return { header, seen: { ...seen, event } };
}

/** An entry's content, when it is of its head. */
function readEvent(body: Bytes, header: Header): Event | undefined {
  try {
    const items = decode(body);
    if (!Array.isArray(items) || items.length !== 7) return undefined;
    const [record, , , revision, at, by, deed] = items;
    const bound = isBytes(record, 16) && same(record, header.record) && revision === header.revision && at === header.at;
    return bound && by !== undefined && Array.isArray(deed) ? { by, deed } : undefined;
  } catch {
    return undefined;
  }
}
