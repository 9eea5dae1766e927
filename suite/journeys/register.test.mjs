// The administrator without JavaScript: a large register from a sheet, checked and written in the background on a page that renews itself.
import assert from 'node:assert/strict';
import { journeys } from './harness/index.mjs';
import { asStaff, expectStatus, words } from './harness/people.mjs';

const ROWS = 2_300;
const HEADINGS = '岗位编码,任职人,角色,所在单位,管到的区域,开始日期,到期日期';

/** A CSV file of posts. */
const sheet = (role) => {
  const rows = Array.from({ length: ROWS }, (_, n) => `journey-${n},hotline3,${role},,140823204208,,`);
  return { name: '岗位.csv', mimeType: 'text/csv', buffer: Buffer.from(`\uFEFF${[HEADINGS, ...rows].join('\r\n')}\r\n`) };
};

/** Waits, as the page itself does, until it no longer looks again. */
async function waited(staff) {
  for (let n = 0; n < 120; n += 1) {
    if ((await staff.page.locator('progress').count()) === 0) return n;
    await staff.page.waitForTimeout(500);
  }
  assert.fail('it goes on for more than a minute');
}

async function imported(staff, role) {
  await staff.visit('/desk/list?mechanism=posts');
  await staff.press('.head a[href="/desk/import/posts"]');
  await staff.page.setInputFiles('[name=sheet]', sheet(role));
  await staff.press('#import .send button');
  await waited(staff);
  assert.match(await words(staff), /全部导入（2300项）/);
  await staff.press('#apply .send button');
  const shown = await staff.page.locator('progress').count();
  await waited(staff);
  assert.match(await words(staff), /共2,300项，已写入2,300项/);
  return shown;
}

journeys('an administrator', (journey) => {
  journey('fills a register from a large sheet and sees how far it is', {}, async (j) => {
    await asStaff(j, 'admin', async (staff) => {
      const shown = [await imported(staff, 'representative'), await imported(staff, 'secretary')];
      assert.ok(shown.some((bars) => bars === 1), 'progress is shown while it runs');
      await staff.shot('register-imported');
      await staff.press('.flash a');
      assert.match(await words(staff), /journey-/);
    }, { script: false });
  });

  journey('enters a person, and cannot give a login twice', {}, async (j) => {
    await asStaff(j, 'admin', async (staff) => {
      expectStatus(staff, 422);
      const enter = async (code) => {
        await staff.visit('/desk/list?mechanism=people');
        await staff.press('.head a[href="/desk/new/people/enter"]');
        await staff.page.fill('[name=code]', code);
        await staff.page.fill('[name=name]', '王晓明');
        await staff.press('main form button.main');
      };
      await enter('window');
      assert.match(await words(staff), /“window”已经登记过了/);
      assert.equal(await staff.page.inputValue('[name=name]'), '王晓明', 'what was typed is kept');
      await staff.shot('register-code-taken');
      await staff.page.fill('[name=code]', 'wang.xiaoming');
      await staff.press('main form button.main');
      assert.match(await words(staff), /王晓明/);
      assert.match(staff.page.url(), /\/desk\/r\//);
      await enter('wang.xiaoming');
      assert.match(await words(staff), /“wang.xiaoming”已经登记过了/);
    });
  });
});
