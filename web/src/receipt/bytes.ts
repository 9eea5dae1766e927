// Bytes and their texts. Each text has one form only: what would read the same bytes from another spelling is refused.

export type Bytes = Uint8Array;

export function concat(...parts: Bytes[]): Bytes {
  const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

export function same(a: Bytes, b: Bytes): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

export function utf8(text: string): Bytes {
  return new TextEncoder().encode(text);
}

export function hex(bytes: Bytes): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Standard Base64 with padding; `undefined` for anything else. */
export function base64(text: string): Bytes | undefined {
  try {
    const binary = atob(text);
    if (btoa(binary) !== text) return undefined;
    return Uint8Array.from(binary, (char) => char.charCodeAt(0));
  } catch {
    return undefined;
  }
}

/** Digits that hold so many bytes. */
const DIGITS = [0, 3, 5, 8, 10, 13, 15, 17];

/** Bytes from the digits of a QR code, 17 for every seven. */
export function fromDigits(digits: string): Bytes | undefined {
  const out: number[] = [];
  for (let at = 0; at < digits.length; at += 17) {
    const chunk = digits.slice(at, at + 17);
    const length = DIGITS.indexOf(chunk.length);
    if (length < 1 || !/^\d+$/.test(chunk)) return undefined;
    let number = BigInt(chunk);
    const bytes: number[] = [];
    for (let nth = 0; nth < length; nth++) {
      bytes.unshift(Number(number & 255n));
      number >>= 8n;
    }
    if (number !== 0n) return undefined;
    out.push(...bytes);
  }
  return Uint8Array.from(out);
}
