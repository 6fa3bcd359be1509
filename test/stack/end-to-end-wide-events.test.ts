import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { askOracle } from '../oracle/compare.ts';
import { embedded, json } from './end-to-end-environment.ts';

jest.setTimeout(120_000);

const COLUMNS = 'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session';

test.each([
  { rows: 20_000, bytes: 2_000 },
  { rows: 100_000, bytes: 2_000 },
  { rows: 500, bytes: 130_000 },
])('$rows events of $bytes bytes', async ({ rows, bytes }) => {
  const environment = await embedded();
  try {
    const file = join(environment.folder, 'wide.csv');
    const lines = [COLUMNS];
    for (let i = 0; i < rows; i++) {
      const brand = createHash('sha256')
        .update(`${i}`)
        .digest('hex')
        .repeat(bytes / 64);
      lines.push(`2020-09-25 09:53:18 UTC,view,1,2,,${brand},1.00,${i},s`);
    }
    await writeFile(file, `${lines.join('\n')}\n`);
    await json(environment, ['run', '--file', file]);
    const ingestions = [{ file, name: 'wide.csv' }];
    const report = await askOracle({ ingestions, partitions: 4, lake: environment.lake, index: null });
    expect(report.differences).toEqual([]);
    expect(report.expected.events).toBe(rows);
  } finally {
    await environment.remove();
  }
});
