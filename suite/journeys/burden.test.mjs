// Whoever fills in forms sees what the documents ask: by role and month, down to the step and its clause.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { journeys } from './harness/index.mjs';
import { asStaff, words } from './harness/people.mjs';
import { binary, ROOT } from './harness/server.mjs';

journeys('the burden', (journey) => {
  journey('is counted by role and month, and opened down to what it is made of', {}, async (j) => {
    await asStaff(j, 'officer.tongcheng', async (staff) => {
      await staff.visit('/desk');
      await staff.press('footer a[href="/desk/burden"]');
      const row = staff.page.locator('#roles tr').filter({ has: staff.page.locator('a[href*="role=officer#"]') });
      const minutes = Number((await row.locator('td').nth(3).innerText()).replaceAll(/[^\d]/g, ''));
      assert.ok(minutes > 0, await row.innerText());
      await staff.shot('burden');
      await staff.press(row.locator('a').first());
      const steps = staff.page.locator('#steps tbody tr');
      assert.ok((await steps.count()) > 3, 'the steps that the figure is made of');
      const sum = await steps.evaluateAll((rows) =>
        rows.map((one) => Number(one.querySelectorAll('td')[2]?.textContent.replaceAll(/[^\d]/g, '') ?? 0)).reduce((a, b) => a + b, 0));
      assert.ok(sum > 0, await words(staff));
      await staff.shot('burden-steps');
      await staff.press(steps.locator('a').first());
      assert.match(staff.page.url(), /\/help\//, 'a step opens its clause');
    });
    const told = execFileSync(binary(), ['burden', 'mechanisms', '--volumes', 'counties/wenxi/volumes.toml', '--budget', 'counties/wenxi/budget.toml'], { cwd: ROOT }).toString();
    assert.match(told, /officer/);
  });
});
