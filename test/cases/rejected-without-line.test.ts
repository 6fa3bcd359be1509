import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Home } from '../cli/fixtures.ts';
import { homeOfCum } from './cum.ts';

const HEADER = 'ts,user_id,n\n';

let home: Home;
beforeAll(async () => {
  home = await homeOfCum();
  await home.put('a.csv', `${HEADER}2024-01-01T00:00:00Z,a,1\n2024-01-01T00:00:00Z,b,x\n`);
  // A row of two lines, a blank one, one that is no event, and rows without a key.
  await home.put(
    'b "ü":1.csv',
    `${HEADER}2024-01-01T00:00:00Z,"two\nlines",y\n\n2024-01-01T00:00:00Z,c\n2024-01-01T00:00:00Z,,2\nnever,d,3\n2024-01-01T00:00:00Z,e,4\n`,
  );
});
afterAll(() => rm(home.folder, { recursive: true }));

test('a rejected event of a file names the file and the line on which it begins', async () => {
  const at = {
    EVENTLAKE_HOME: join(home.folder, 'home'),
    EVENTLAKE_DATASETS: join(home.folder, 'datasets'),
  };
  for (const file of ['a.csv', 'b "ü":1.csv']) {
    const { code, stderr } = await home.run(['ingest', 'cum', file], at);
    expect({ code, stderr }).toMatchObject({ code: 0 });
  }
  const { stderr } = await home.run(['process', 'cum'], at);
  expect(stderr).toMatch(/warning: 5 of 7 rows were rejected: .*such as (a\.csv:3|b "ü":1\.csv:\d)/);

  const json = await home.run(['rejected', 'cum', '--json'], at);
  const { examples }: { examples: Record<string, string>[] } = JSON.parse(json.stdout);
  const rows = examples.map((row) => [row.reason, row.source_file, row.source_line]).sort();
  expect(rows).toEqual([
    ['line:wrong_field_count', 'b "ü":1.csv', '5'],
    ['n:not_an_integer', 'a.csv', '3'],
    ['n:not_an_integer', 'b "ü":1.csv', '2'],
    ['ts:not_a_timestamp', 'b "ü":1.csv', '7'],
    ['user_id:missing', 'b "ü":1.csv', '6'],
  ]);

  const { stdout } = await home.run(['rejected', 'cum'], at);
  expect(stdout).toMatch(/n:not_an_integer +a\.csv:3 +x /);
  expect(stdout).not.toContain('offset');
});
