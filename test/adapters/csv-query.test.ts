import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { csvQuery } from '../../adapters/duckdb/csv-query.ts';
import { runModel } from '../../processing/model.ts';
import { type Electronics, electronics, Workplace } from '../processing/fixtures.ts';

let place: Workplace;
let shop: Electronics;
let folder: string;
beforeAll(async () => {
  place = await Workplace.create();
  shop = await electronics();
  folder = await mkdtemp(join(tmpdir(), 'model [csv] '));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await place.remove();
});

/** The table that these files make, in the order of the key; the files are alone in the folder. */
async function tableOf(files: Record<string, string | Buffer>, table = place.table()) {
  await rm(folder, { recursive: true });
  folder = await mkdtemp(join(tmpdir(), 'model-csv-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  const csv = { path: join(folder, '*.csv'), columns: ['id', 'name'] };
  const model = { table: 'names', csv, key: ['id'] };
  const { engine } = place;
  const query = await csvQuery(csv, 'id');
  const result = await runModel({ dataset: shop.dataset, model, query, inputs: [], table, engine });
  const rows = await place.rows(table, 'id');
  return { ...result, rows: rows.map(({ id, name }) => [id, name]) };
}

test.each<[string, Record<string, string | Buffer>, (string | null)[][]]>([
  ['no file', {}, []],
  ['a header alone', { 'a.csv': 'id,name\n' }, []],
  ['columns in another order, and more of them', { 'a.csv': 'name,x,id\nOne,7,1\n' }, [['1', 'One']]],
  ['texts that look like other types', { 'a.csv': 'id,name\n007,1.50\n' }, [['007', '1.50']]],
  ['quotes, commas and line feeds', { 'a.csv': 'id,name\n1,"a ""b"", c\nd"\n' }, [['1', 'a "b", c\nd']]],
  ['Windows line ends and a byte order mark', { 'a.csv': '\ufeffid,name\r\n1,One\r\n' }, [['1', 'One']]],
  ['no end of the last line', { 'a.csv': 'id,name\n1,One' }, [['1', 'One']]],
  ['empty values, and rows without a key', { 'a.csv': 'id,name\n1,\n,lost\n' }, [['1', null]]],
  [
    'several files, of which the last one wins',
    { 'b.csv': 'id,name\n1,new\n', 'a.csv': 'id,name\n1,old\n2,Two\n', 'c.txt': 'no' },
    [
      ['1', 'new'],
      ['2', 'Two'],
    ],
  ],
  ['names that are patterns and texts of SQL', { "it's [1].csv": 'id,name\n1,"it\'s"\n' }, [['1', "it's"]]],
])('a table of %s', async (_what, files, rows) => {
  expect((await tableOf(files)).rows).toEqual(rows);
});

test.each<[string, Record<string, string | Buffer>]>([
  ['lacks a column', { 'good.csv': 'id,name\n1,One\n', 'wrong.csv': 'id,title\n1,One\n' }],
  ['is empty', { 'wrong.csv': '' }],
  ['has another delimiter', { 'wrong.csv': 'id;name\n1;One\n' }],
  ['has a row with too few values', { 'wrong.csv': 'id,name\n1,One\n2\n' }],
  ['has a row with too many values', { 'wrong.csv': 'id,name\n1,One\n2,Two,3\n' }],
  ['is not UTF-8', { 'wrong.csv': Buffer.from('id,name\n1,caf\xe9\n', 'latin1') }],
  ['has a quote that is not closed', { 'wrong.csv': 'id,name\n1,"One\n2,Two\n' }],
])('a file that %s is an error that names it, and the table stays', async (_what, files) => {
  const table = place.table();
  await tableOf({ 'good.csv': 'id,name\n1,One\n' }, table);
  await expect(tableOf(files, table)).rejects.toMatchObject({
    code: 'model:bad_file',
    message: expect.stringContaining('wrong.csv'),
  });
  expect(await place.rows(table, 'id')).toEqual([{ id: '1', name: 'One' }]);
});

test('a table is computed again when a file has changed, and not otherwise', async () => {
  const table = place.table();
  expect(await tableOf({ 'a.csv': 'id,name\n1,One\n' }, table)).toMatchObject({
    outcome: 'computed',
    version: 0n,
  });
  expect(await tableOf({ 'a.csv': 'id,name\n1,One\n' }, table)).toMatchObject({ version: 1n });
  const csv = { path: join(folder, '*.csv'), columns: ['id', 'name'] };
  const context = {
    ...place.modelContext(shop, table),
    model: { table: 'names', csv, key: ['id'] },
    inputs: [],
    table,
  };
  expect(await runModel({ ...context, query: await csvQuery(csv, 'id') })).toMatchObject({
    outcome: 'up_to_date',
    version: 1n,
  });
  await writeFile(join(folder, 'a.csv'), 'id,name\n1,Uno\n');
  expect(await runModel({ ...context, query: await csvQuery(csv, 'id') })).toMatchObject({ version: 2n });
});
