// How a receipt is put into words: what is proven as it stands in the log, and beside it the receipt's own names, which are not.
// The same rules stand in `crates/service/src/receipt.rs`; both are held to `suite/receipts/cases.json`.
import { hex, type Bytes } from './bytes.ts';
import type { Item } from './cbor.ts';
import type { Reading } from './receipt.ts';

/** Longest name shown beside a code, longest code that is given one, farthest civil time from UTC in minutes. */
const NAME = 40;
const CODE = /^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,39}$/;
const FARTHEST = 14 * 60;

/** A text in one line, without characters that turn or hide others. */
export function clean(text: string): string {
  return text
    .replace(/[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu, '')
    .replace(/[\p{Cc}\u2028\u2029]/gu, ' ');
}

/** A name cannot leave the brackets in which it is shown. */
function inside(name: string): string {
  return name.replace(/[〔〘﹝︹❲⟬⦗]/g, '（').replace(/[〕〙﹞︺❳⟭⦘]/g, '）');
}

/**
 * The receipt's own name for a mechanism, step, deadline or field. It is for these only: beside a value it could stand in the place
 * of what somebody wrote, because nothing in a receipt proves which values are codes.
 */
export function nameOf(code: string, reading: Reading, chinese: boolean): string | undefined {
  const label = CODE.test(code) ? reading.labels.get(code) : undefined;
  const name = inside([...clean((chinese ? label?.zh : label?.en) ?? '')].slice(0, NAME).join('')).trim();
  return name === '' ? undefined : name;
}

/** A code with that name behind it. */
export function named(code: string, reading: Reading, chinese: boolean): string {
  const name = nameOf(code, reading, chinese);
  return name === undefined ? clean(code) : `${code} 〔${name}〕`;
}

/** A time in the receipt's civil time, with its distance from UTC. */
export function timeOf(at: number, reading: Reading): string {
  const zone = Math.abs(reading.zone) <= FARTHEST ? reading.zone : 0;
  const two = (n: number): string => String(n).padStart(2, '0');
  const off = Math.abs(zone);
  const civil = new Date(at + zone * 60_000).toISOString().slice(0, 19).replace('T', ' ');
  return `${civil} ${zone < 0 ? '-' : '+'}${two(Math.floor(off / 60))}:${two(off % 60)}`;
}

/** A value as it stands in the log, without names; sealed ones say nothing. Tags as in `crates/base/src/canon.rs`. */
export function valueOf(value: Item): string | undefined {
  if (typeof value === 'string') return clean(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (!Array.isArray(value) || value.length !== 2) return undefined;
  const [tag, inner] = value as [Item, Item];
  if (tag === 0) return String(inner).replace(/^(\d{4})(\d\d)(\d\d)$/, '$1-$2-$3');
  if (tag === 1 && typeof inner === 'number') return new Date(inner).toISOString();
  if (tag === 3 && Array.isArray(inner)) return inner.map((part) => (Number(part) / 1e6).toFixed(6)).join(', ');
  if (tag === 4 && Array.isArray(inner)) return `${clean(String(inner[1]))} (${hex(inner[0] as Bytes)})`;
  if (tag === 5 && inner instanceof Uint8Array) return hex(inner);
  if (tag === 6 && Array.isArray(inner)) {
    return inner.map((one) => valueOf(one)).filter((one) => one !== undefined).join(', ');
  }
  return undefined;
}
