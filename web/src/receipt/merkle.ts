// Proofs over the log (RFC 6962, RFC 9162). Sizes are beyond 32 bits, so halves are taken by division and not by shifting.
import { sha256 } from '@noble/hashes/sha2.js';
import { concat, same, type Bytes } from './bytes.ts';

export const HASH = 32;

export function hash(...parts: Bytes[]): Bytes {
  return sha256(concat(...parts));
}

export function leafHash(bytes: Bytes): Bytes {
  return hash(Uint8Array.of(0), bytes);
}

function nodeHash(left: Bytes, right: Bytes): Bytes {
  return hash(Uint8Array.of(1), left, right);
}

const half = (number: number): number => Math.floor(number / 2);
const odd = (number: number): boolean => number % 2 === 1;

/** Whether an inclusion proof holds. */
export function includes(leaf: Bytes, seq: number, size: number, path: Bytes[], root: Bytes): boolean {
  if (seq >= size) return false;
  let [at, last, found] = [seq, size - 1, leaf];
  for (const sibling of path) {
    if (last === 0) return false;
    if (odd(at) || at === last) {
      found = nodeHash(sibling, found);
      while (!odd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      found = nodeHash(found, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(found, root);
}

export interface Log {
  size: number;
  root: Bytes;
}

/** Whether a consistency proof holds between two logs. */
export function continues(old: Log, now: Log, path: Bytes[]): boolean {
  if (old.size > now.size) return false;
  if (old.size === now.size) return path.length === 0 && same(old.root, now.root);
  if (old.size === 0) return path.length === 0 && same(old.root, hash());
  let [at, last] = [old.size - 1, now.size - 1];
  while (odd(at)) [at, last] = [half(at), half(last)];
  const rest = [...path];
  // A full old log is itself the first node, and not in the proof.
  const first = Number.isInteger(Math.log2(old.size)) ? old.root : rest.shift();
  if (!first) return false;
  let [left, right] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (odd(at) || at === last) {
      left = nodeHash(sibling, left);
      right = nodeHash(sibling, right);
      while (!odd(at) && at !== 0) [at, last] = [half(at), half(last)];
    } else {
      right = nodeHash(right, sibling);
    }
    [at, last] = [half(at), half(last)];
  }
  return last === 0 && same(left, old.root) && same(right, now.root);
}
