// Signed notes, keys and checkpoints (C2SP signed-note, tlog-checkpoint). Ed25519 and SHA-512 come from @noble: browsers on older
// phones have no Ed25519 of their own, and none at all outside of HTTPS, where a county's own network may well be.
import { hashes, Point, verify } from '@noble/ed25519';
import { sha512 } from '@noble/hashes/sha2.js';
import { base64, concat, hex, same, utf8, type Bytes } from './bytes.ts';
import { hash, HASH, type Log } from './merkle.ts';

hashes.sha512 = sha512;

const ED25519 = 1;
const LONGEST = 100_000;
const MOST = 100;

export interface Key {
  /** As it stands in lists. */
  text: string;
  name: string;
  id: Bytes;
  key: Bytes;
}

/** A key, and for which sizes of the log it signs: what a retired key signs for a larger log counts for nothing. */
export interface LogKey {
  key: Key;
  from: number;
  /** There once it is retired. */
  to?: number;
}

export interface Note {
  /** Ends in a newline, which is signed as well. */
  text: string;
  signatures: { name: string; id: Bytes; bytes: Bytes }[];
}

export interface Checkpoint extends Log {
  origin: string;
}

const goodName = (name: string): boolean => name !== '' && !/[+\s\p{Cc}]/u.test(name);

function idOf(name: string, key: Bytes): Bytes {
  return hash(utf8(`${name}\n`), Uint8Array.of(ED25519), key).slice(0, 4);
}

export function readKey(text: string): Key | undefined {
  const [, name = '', id = '', rest = ''] = /^([^+]*)\+([^+]*)\+(.*)$/s.exec(text) ?? [];
  const bytes = base64(rest);
  if (!bytes || bytes.length !== HASH + 1 || bytes[0] !== ED25519 || !goodName(name)) return undefined;
  const key = bytes.slice(1);
  if (hex(idOf(name, key)) !== id) return undefined;
  try {
    Point.fromBytes(key);
  } catch {
    return undefined;
  }
  return { text, name, id: idOf(name, key), key };
}

/** Keys, one a line, with their sizes where these are given. `undefined` when a line is none. */
export function readKeys(text: string): LogKey[] | undefined {
  const lines = text.split('\n').map((line) => line.trim()).filter((line) => line !== '');
  const keys = lines.map(readLine);
  return keys.includes(undefined) ? undefined : (keys as LogKey[]);
}

/** A key alone signs for all sizes; words behind the sizes are left out. */
function readLine(line: string): LogKey | undefined {
  const [text = '', from = '0', to = '-'] = line.split(/\s+/);
  const key = readKey(text);
  const sizes = [from, ...(to === '-' ? [] : [to])];
  if (!key || !sizes.every((size) => /^\d+$/.test(size))) return undefined;
  return { key, from: Number(from), ...(to === '-' ? {} : { to: Number(to) }) };
}

export function readNote(note: string): Note | undefined {
  // eslint-disable-next-line no-control-regex
  if (utf8(note).length > LONGEST || /[\0-\x09\x0b-\x1f]/.test(note)) return undefined;
  const at = note.lastIndexOf('\n\n');
  const lines = at < 0 ? '' : note.slice(at + 2);
  if (!lines.endsWith('\n')) return undefined;
  const signatures: Note['signatures'] = [];
  for (const line of lines.slice(0, -1).split('\n')) {
    const [, name = '', text = ''] = /^— ([^ ]*) (.*)$/s.exec(line) ?? [];
    const bytes = base64(text);
    if (!bytes || bytes.length < 5 || !goodName(name)) return undefined;
    signatures.push({ name, id: bytes.slice(0, 4), bytes: bytes.slice(4) });
  }
  return signatures.length > MOST ? undefined : { text: note.slice(0, at + 1), signatures };
}

export function readCheckpoint(text: string): Checkpoint | undefined {
  const lines = text.split('\n');
  const [origin = '', digits = '', encoded = ''] = lines;
  const root = base64(encoded);
  const size = Number(digits);
  if (origin === '' || !/^(0|[1-9]\d*)$/.test(digits) || !Number.isSafeInteger(size)) return undefined;
  return root?.length === HASH && lines.length > 3 ? { origin, size, root } : undefined;
}

export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${btoa(String.fromCharCode(...root))}\n`;
}

export interface BadNote {
  fault: 'forged' | 'unknown-key' | 'key-range';
  x?: string;
  y?: string;
}

/** Which of the log's keys signed its checkpoint; a false signature in the name of one is a fault, and so is one for a size for which it does not sign. */
export function signersOf(note: Note, point: Checkpoint, keys: LogKey[]): Key[] | BadNote {
  const own = keys.filter(({ key }) => key.name === point.origin);
  const found = new Set<Key>();
  for (const line of note.signatures) {
    const known = own.find(({ key }) => key.name === line.name && same(key.id, line.id));
    if (!known) continue;
    if (!signed(known.key.key, utf8(note.text), line.bytes)) return { fault: 'forged' };
    found.add(known.key);
  }
  for (const signer of found) {
    // The same key may be known from several lists.
    const known = own.filter(({ key }) => key.text === signer.text);
    const [first] = known;
    if (first && !known.some((key) => signsFor(key, point.size))) {
      return { fault: 'key-range', x: String(point.size), y: `${first.from}–${first.to ?? ''}` };
    }
  }
  return found.size === 0 ? { fault: 'unknown-key' } : [...found];
}

function signsFor({ from, to }: LogKey, size: number): boolean {
  return from <= size && (to === undefined || size <= to);
}

function signed(key: Bytes, text: Bytes, signature: Bytes): boolean {
  try {
    return signature.length === 64 && verify(signature, text, key, { zip215: false });
  } catch {
    return false;
  }
}

export function shortSignature(bytes: Bytes, name: string): Note['signatures'][number] {
  return { name, id: bytes.slice(0, 4), bytes: concat(bytes.slice(4)) };
}
