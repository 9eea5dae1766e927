// The canonical encoding of the ledger (RFC 8949): definite lengths, shortest numbers, no floating point. Other forms of the
// same value are refused, so that what is read is what was hashed.
import type { Bytes } from './bytes.ts';

export type Item = number | boolean | null | string | Bytes | Item[] | Map<string, Item>;

export class NotCanonical extends Error {}

/** Deepest nesting read. */
const DEEPEST = 32;

/** Reads exactly one item. */
export function decode(bytes: Bytes): Item {
  const reader = new Reader(bytes);
  const item = reader.item(0);
  if (reader.at !== bytes.length) throw new NotCanonical('bytes left over');
  return item;
}

class Reader {
  at = 0;
  readonly #bytes: Bytes;

  constructor(bytes: Bytes) {
    this.#bytes = bytes;
  }

  item(depth: number): Item {
    if (depth > DEEPEST) throw new NotCanonical('too deep');
    const first = this.#take(1)[0] ?? 0;
    const major = first >> 5;
    if (major === 7) {
      if (first === 0xf4) return false;
      if (first === 0xf5) return true;
      if (first === 0xf6) return null;
      throw new NotCanonical('no value of the ledger');
    }
    const count = this.#count(first & 31);
    switch (major) {
      case 0:
        return count;
      case 1:
        return -1 - count;
      case 2:
        return this.#take(count);
      case 3:
        return this.#text(count);
      case 4:
        return this.#many(count, () => this.item(depth + 1));
      case 5:
        return this.#map(count, depth);
      default:
        throw new NotCanonical('a tag');
    }
  }

  #take(count: number): Bytes {
    const end = this.at + count;
    if (end > this.#bytes.length) throw new NotCanonical('cut short');
    const taken = this.#bytes.slice(this.at, end);
    this.at = end;
    return taken;
  }

  /** A number in its shortest form; none above what a double holds exactly stands in a ledger. */
  #count(info: number): number {
    if (info < 24) return info;
    const width = [1, 2, 4, 8][info - 24];
    if (width === undefined) throw new NotCanonical('an indefinite length');
    const number = this.#take(width).reduce((sum, byte) => sum * 256 + byte, 0);
    const least = [24, 2 ** 8, 2 ** 16, 2 ** 32][info - 24] ?? 0;
    if (number < least || number > Number.MAX_SAFE_INTEGER) throw new NotCanonical('a number in another form');
    return number;
  }

  #text(count: number): string {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.#take(count));
  }

  #many<T>(count: number, one: () => T): T[] {
    if (count > this.#bytes.length) throw new NotCanonical('cut short');
    return Array.from({ length: count }, one);
  }

  #map(count: number, depth: number): Map<string, Item> {
    const map = new Map<string, Item>();
    this.#many(count, () => {
      const key = this.item(depth + 1);
      if (typeof key !== 'string' || map.has(key)) throw new NotCanonical('a key that does not belong');
      map.set(key, this.item(depth + 1));
    });
    return map;
  }
}
