import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { addressOf, ended, FILE, Home } from './fixtures.ts';

let home: Home;
beforeAll(async () => {
  home = await Home.withData();
  await home.put('more.csv', FILE.replaceAll('31.90', '10.00'));
});
afterAll(() => rm(home.folder, { recursive: true }));

// A sibling that the name would match, were it a pattern; null where there is none.
test.each([
  ['a[bc]d', 'abd'],
  ['a*d', 'abd'],
  [`it's "50%20" of {é,日} a]b[ #1; ~$x=! \t`, null],
])(
  'a home named %j is worked in, and no other',
  async (name, sibling) => {
    const place = { EVENTLAKE_HOME: join(home.folder, name) };
    await home.run(['run'], place);
    if (sibling !== null) {
      await rm(join(home.folder, sibling), { recursive: true, force: true });
      await cp(join(home.folder, name), join(home.folder, sibling), { recursive: true });
    }
    const { code, stderr } = await home.run(['run', '--file', 'more.csv'], place);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const audit = await home.run(['audit', '--json'], place);
    expect(JSON.parse(audit.stdout)).toMatchObject({ balanced: true });
    const profile = await home.run(['profile', '1515915625519388267', '--json'], place);
    // One purchase in each file, and two views, of which each file holds one twice.
    expect(JSON.parse(profile.stdout)).toMatchObject({ total_spent: '41.90', purchases: 2 });

    const dashboard = home.start(['dashboard', '--port', '0'], place);
    const end = ended(dashboard);
    try {
      const address = await addressOf(dashboard);
      const overview = await fetch(`${address}/api/overview`);
      expect(overview.status).toBe(200);
      const sql = await fetch(`${address}/api/sql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sql: 'SELECT count(*) AS n FROM events' }),
      });
      expect(await sql.json()).toMatchObject({ rows: [['10']] });
    } finally {
      dashboard.kill('SIGTERM');
      await end;
    }
  },
  120_000,
);

test.each(['a\\b', 'a?b'])('a home named %j is refused, and nothing is written', async (name) => {
  const { code, stderr } = await home.run(['run'], { EVENTLAKE_HOME: join(home.folder, name) });
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^error: .*cannot hold the files of eventlake \[settings:bad_home\]\n {2}→ .*EVENTLAKE_HOME/,
  );
  await expect(mkdir(join(home.folder, name))).resolves.toBeUndefined();
});
