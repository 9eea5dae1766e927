import assert from 'node:assert/strict';
import { test } from 'node:test';
import { backoff } from './backoff.ts';
import { bareCode, groupCode, reformatCode } from './code.ts';
import { DraftStore } from './draft-store.ts';
import { anchorOf, boxOf, parseCenter } from './geo.ts';
import { placesOf } from './places.ts';

/** A `localStorage` in memory; `full` makes it refuse to write. */
class Memory {
  map = new Map();
  full = false;
  get length() {
    return this.map.size;
  }
  key(index) {
    return [...this.map.keys()][index] ?? null;
  }
  getItem(key) {
    return this.map.get(key) ?? null;
  }
  setItem(key, value) {
    if (this.full) throw new Error('QuotaExceededError');
    this.map.set(key, value);
  }
  removeItem(key) {
    this.map.delete(key);
  }
}

const DAY = 24 * 60 * 60 * 1000;
const field = { name: 'what', nth: 0, value: '路灯不亮' };

test('backoff doubles, stays under its cap and keeps half of each wait', () => {
  const fixed = (value) => ({ base: 1000, cap: 30_000, random: () => value });
  assert.deepEqual([0, 1, 2, 3, 4, 5, 99].map((n) => backoff(n, fixed(0))), [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  assert.equal(backoff(3, fixed(0.999999)), 8000);
  assert.equal(backoff(5000, fixed(0.999999)), 30_000);
});

test('a receipt code is read however it was typed', () => {
  for (const typed of ['k7qf2m9x4t', 'K7QF-2M9X-4T', 'Ｋ７ＱＦ－２Ｍ９Ｘ－４Ｔ', ' k7qf 2m9x·4t ', 'ｋ７ｑｆ　２ｍ９ｘ　４ｔ']) {
    assert.equal(bareCode(typed), 'K7QF2M9X4T');
    assert.equal(groupCode(typed, 4, '-'), 'K7QF-2M9X-4T');
  }
  assert.equal(groupCode('', 4, '-'), '');
  assert.equal(groupCode('共治', 4, '-'), '');
});

test('the caret stays behind the letter that was typed', () => {
  assert.deepEqual(reformatCode('k7qf2', 5, 4, '-'), { value: 'K7QF-2', caret: 6 });
  assert.deepEqual(reformatCode('K7XQF-2M', 3, 4, '-'), { value: 'K7XQ-F2M', caret: 3 });
  assert.deepEqual(reformatCode('K7QF-', 5, 4, '-'), { value: 'K7QF', caret: 4 });
});

test('a draft comes back until it is cleared', () => {
  const store = new DraftStore(new Memory(), () => 1000);
  assert.equal(store.load('report'), undefined);
  assert.equal(store.save('report', [field]), true);
  assert.deepEqual(store.load('report')?.fields, [field]);
  store.clear('report');
  assert.equal(store.load('report'), undefined);
});

test('an empty form leaves nothing behind', () => {
  const memory = new Memory();
  const store = new DraftStore(memory, () => 0);
  store.save('report', [field]);
  assert.equal(store.save('report', []), false);
  assert.equal(memory.length, 0);
});

test('a command on its way keeps its id until the answer', () => {
  const store = new DraftStore(new Memory(), () => 0);
  store.save('report', [field]);
  store.markPending('report', 'c-1');
  assert.equal(store.save('report', [{ ...field, value: '更多' }]), true);
  assert.equal(store.load('report')?.pending, 'c-1');
  store.clearPending('report');
  assert.equal(store.load('report')?.pending, undefined);
  assert.equal(store.load('report')?.fields[0].value, '更多');
});

test('old and damaged drafts are swept away, others stay', () => {
  const memory = new Memory();
  let now = 0;
  const store = new DraftStore(memory, () => now);
  store.save('old', [field]);
  now = 6 * DAY;
  store.save('new', [field]);
  for (const [key, value] of [['draft:torn', '{"at":1'], ['draft:odd', '{"at":1,"fields":[{}]}'], ['draft:null', 'null'], ['other', 'x']]) memory.setItem(key, value);
  now = 8 * DAY;
  store.sweep();
  assert.deepEqual([...memory.map.keys()].sort(), ['draft:new', 'other']);
});

test('nothing is promised when storage is full or forbidden', () => {
  const memory = new Memory();
  memory.full = true;
  assert.equal(new DraftStore(memory, () => 0).save('report', [field]), false);
  const forbidden = new DraftStore(undefined, () => 0);
  assert.equal(forbidden.save('report', [field]), false);
  assert.equal(forbidden.load('report'), undefined);
  forbidden.sweep();
});

test('places are read from any of the answers', () => {
  const place = { code: '140823', name: '闻' };
  assert.deepEqual(placesOf([place]), [place]);
  assert.deepEqual(placesOf({ items: [place, { code: 1 }] }), [place]);
  assert.deepEqual(placesOf(place), [place]);
  for (const nothing of [undefined, null, {}, [], { items: null }, 'x']) assert.deepEqual(placesOf(nothing), []);
});

test('boxes and anchors of any geometry', () => {
  const feature = (coordinates) => ({ type: 'Feature', geometry: { type: 'x', coordinates }, properties: {} });
  assert.deepEqual(boxOf([feature([111, 35]), feature([[[110, 34], [112, 36]]])]), [110, 34, 112, 36]);
  assert.deepEqual(anchorOf(feature([[110, 34], [112, 36]])), [111, 35]);
  assert.equal(boxOf([{ type: 'Feature', geometry: null, properties: null }]), undefined);
  assert.deepEqual(parseCenter('35.3,111.2'), [111.2, 35.3]);
  for (const bad of [undefined, '', 'x,y', '91,0', '1']) assert.equal(parseCenter(bad), undefined);
});
