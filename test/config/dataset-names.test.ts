import { readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { DATASETS, datasetNames, loadDataset } from '../../config/dataset/read.ts';

const ROOT = join(import.meta.dirname, '../..');
const CODE =
  '{adapters,cli,config,core,dashboard,generator,ingestion,inspection,lake,monitoring,processing}/**/*.{ts,tsx}';

/** Comments may give examples. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(?<=^|\s)\/\/.*$/gm, '');
}

test('no code names a dataset, or a table of one', async () => {
  const names = new Set<string>();
  for (const name of await datasetNames([DATASETS])) {
    const { dataset } = await loadDataset([DATASETS], name);
    // A name of one word, such as products, is also a word of the code.
    const tables = dataset.models.map(({ table }) => table).filter((table) => table.includes('_'));
    for (const one of [name, ...tables, ...tables.map((table) => table.replaceAll('_', '-'))]) names.add(one);
  }
  expect(names).toContain('customer-profiles');
  const pattern = new RegExp(`(?<![\\w-])(${[...names].join('|')})(?![\\w-])`);
  const found: string[] = [];
  for await (const file of glob(CODE, { cwd: ROOT, exclude: ['dashboard/web/dist', 'config/datasets'] }))
    for (const line of withoutComments(readFileSync(join(ROOT, file), 'utf8')).split('\n'))
      if (pattern.test(line)) found.push(`${file}: ${line.trim()}`);
  expect(found).toEqual([]);
});
