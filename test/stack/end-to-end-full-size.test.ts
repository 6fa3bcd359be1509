import { join } from 'node:path';
import { expect, jest, test } from '@jest/globals';
import { askOracle } from '../oracle/compare.ts';
import { embedded, json } from './end-to-end-environment.ts';

jest.setTimeout(300_000);

test('885,129 rows on the embedded default', async () => {
  const environment = await embedded();
  try {
    const file = join(environment.folder, 'full.csv');
    await json(environment, ['generate', '--rows', '885129', '--seed', '1', '--out', file]);
    await json(environment, ['run', '--file', file]);
    const report = await askOracle({
      ingestions: [{ file, name: 'full.csv' }],
      partitions: 4,
      lake: environment.lake,
      index: null,
    });
    expect(report.differences).toEqual([]);
    expect(report.expected).toMatchObject({ rows: 885_129, events: 885_129, deadLetters: 0, rejected: {} });
  } finally {
    await environment.remove();
  }
});
