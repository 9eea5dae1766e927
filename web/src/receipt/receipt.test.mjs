// The same cases that the kernel is held to.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readKey, readKeys, readNote } from './note.ts';
import { readReceipt, verifyReceipt } from './receipt.ts';
import { continues, hash } from './merkle.ts';
import { named, timeOf, valueOf } from './told.ts';

const CASES = JSON.parse(readFileSync(join(process.cwd(), '../suite/receipts/cases.json'), 'utf8'));

function outcome({ text, keys, checkpoint }) {
  const receipt = readReceipt(text);
  if (!receipt) return { fault: 'unreadable' };
  const log = checkpoint === null ? {} : { log: readNote(checkpoint) };
  const found = verifyReceipt(receipt, { keys: readKeys(keys.join('\n')), ...log });
  if ('fault' in found) return found;
  return {
    log: found.checkpoint.origin,
    size: found.checkpoint.size,
    record: found.record,
    signers: found.signers.map((key) => key.text),
    own_keys: found.ownKeys,
    since: found.since ?? null,
    after: found.after ?? null,
    entries: found.entries.map((entry) => ({
      seq: entry.seq, at: entry.at, revision: entry.revision, shown: entry.event !== undefined, told: told(entry, receipt.reading),
    })),
  };
}

/** How an entry reads in Chinese. */
function told({ at, event }, reading) {
  const lines = [timeOf(at, reading)];
  const [kind, step, , , , set] = event?.deed ?? [];
  if (kind !== 0) return lines;
  lines.push(named(step, reading, true));
  for (const [name, value] of set) lines.push(`${named(name, reading, true)}: ${valueOf(value) ?? ''}`);
  return lines;
}

for (const one of CASES) test(`a receipt: ${one.name}`, () => assert.deepEqual(outcome(one), one.outcome));

test('every changed byte of a sound receipt is found', () => {
  const { text, keys } = CASES.find(({ name }) => name === 'sound, with trusted keys');
  const file = JSON.parse(text);
  for (const part of ['header', 'body', 'salt']) {
    const bytes = Buffer.from(file.entries[0][part], 'base64');
    for (let at = 0; at < bytes.length; at++) {
      const bad = Buffer.from(bytes);
      bad[at] ^= 1;
      const entries = [{ ...file.entries[0], [part]: bad.toString('base64') }, ...file.entries.slice(1)];
      const found = outcome({ text: JSON.stringify({ ...file, entries }), keys, checkpoint: null });
      assert.ok(found.fault, `byte ${at} of the ${part}`);
    }
  }
});

test('keys are read as lists have them, and mangled ones are refused', () => {
  // The example of the Go project's module `golang.org/x/mod/sumdb/note`, which others test with.
  const peter = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
  const key = readKey(peter);
  assert.deepEqual(readKeys(`\n${peter} 12 -\r\n${peter}\n${peter} 3 12 in words\n`), [{ key, from: 12 }, { key, from: 0 }, { key, from: 3, to: 12 }]);
  for (const bad of ['x', '-1 -', '1.5', '0 x', '0x1 2']) assert.equal(readKeys(`${peter} ${bad}`), undefined, bad);
  for (let end = 1; end < peter.length; end++) assert.equal(readKey(peter.slice(0, end)), undefined);
  assert.equal(readKeys('no key'), undefined);
  const note = 'If you think cryptography is the answer to your problem,\nthen you don\'t know what your problem is.\n\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';
  assert.equal(readNote(note)?.signatures.length, 1);
  for (const bad of ['', note.trimEnd(), `${note}\n`, note.replace('— ', '- '), note.replace('JnAM=', 'JnAM'), note.replace('think', 'thi\tnk')]) {
    assert.equal(readNote(bad), undefined, bad);
  }
});

test('an empty log is continued by any, and no log by a smaller one', () => {
  const empty = { size: 0, root: hash() };
  const one = { size: 1, root: hash(Uint8Array.of(0)) };
  assert.ok(continues(empty, one, []) && continues(one, one, []));
  assert.ok(!continues(one, empty, []) && !continues(empty, one, [one.root]));
});
