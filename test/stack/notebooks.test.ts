import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { runCommand } from '../servers/command.ts';
import { installPython } from '../servers/python.ts';
import { locate, SPARK } from '../servers/test-servers.ts';
import { type Environment, json, realServers } from './end-to-end-environment.ts';
import { ingestedFile } from './ingested-file.ts';

jest.setTimeout(600_000);

/** What both show of the lake of the file of seven rows. */
const SEGMENTS = [
  { segment: 'buyer', customers: '1', spent: '31.90' },
  { segment: 'cart_abandoner', customers: '1', spent: '0.00' },
  { segment: 'visitor', customers: '1', spent: '0.00' },
];

let environment: Environment;
beforeAll(async () => {
  environment = await realServers();
  await ingestedFile(environment);
  await json(environment, ['process']);
});
afterAll(() => environment?.remove());

/** Runs a notebook's cells and answers with its variables of these names. */
async function run(notebook: string, names: readonly string[], env: Record<string, string> = {}) {
  const path = join(import.meta.dirname, '../../notebooks', notebook);
  const args = [join(import.meta.dirname, 'run_notebook.py'), path, ...names];
  return JSON.parse(
    await runCommand(await installPython(), args, { env: { ...environment.variables, ...env } }),
  );
}

test('the notebook with DuckDB and pandas', async () => {
  expect(await run('duckdb.ipynb', ['segments', 'months', 'reasons'])).toEqual({
    segments: SEGMENTS,
    months: [{ event_month: '2020-10', cart: '1', purchase: '1', view: '2' }],
    reasons: [
      expect.objectContaining({ reason: expect.stringMatching(/^line:/), rows: '1' }),
      { reason: 'price:not_a_number', rows: '1', example: 'free' },
    ],
  });
});

test('the notebook with PySpark', async () => {
  // Anywhere else the client of Python shows its token over TLS alone.
  const remote = (await locate(SPARK)).address.replace('127.0.0.1', 'localhost');
  const env = { SPARK_REMOTE: remote };
  expect(await run('pyspark.ipynb', ['segments', 'months', 'versions'], env)).toEqual({
    segments: SEGMENTS,
    months: [{ event_month: '2020-10', cart: '1', purchase: '1', remove_from_cart: '0', view: '2' }],
    versions: { '0': 5, newest: 5 },
  });
});
