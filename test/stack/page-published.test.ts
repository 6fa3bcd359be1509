import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import type { PipelineAnswer } from '../../dashboard/api.ts';
import { startTcpProxy, type TcpProxy } from '../faults/tcp-proxy.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';
import { command, type Dashboard, eventually, openDashboard } from './page-environment.ts';

jest.setTimeout(180_000);

const DATASET = (schema: string) => `
name: visits
source: {type: file, format: ndjson, path: visits.ndjson}
key: id
time: moment
columns:
  - {name: id, type: string, required: true}
  - {name: moment, type: timestamp, required: true}
  - {name: city, type: string, required: true}
models:
  - {table: cities, csv: {path: cities*.csv, columns: [name, country]}, key: [name]}
  - {table: visits_by_city, sql: visits.sql, key: [city]}
publish:
  - {table: cities, to: postgres, schema: ${schema}}
  - {table: visits_by_city, to: postgres, schema: ${schema}}
`;
const MODEL = 'SELECT city, count(*) AS visits FROM events GROUP BY city';
const schema = `test_${randomUUID().replaceAll('-', '')}`;

let url: string;
let proxy: TcpProxy;
let dashboard: Dashboard;
beforeAll(async () => {
  url = (await locate(POSTGRES)).address;
  proxy = await startTcpProxy(Number(new URL(url).port));
  dashboard = await openDashboard(0, async ({ folder }) => {
    const datasets = join(folder, 'datasets');
    await mkdir(join(datasets, 'visits'), { recursive: true });
    await writeFile(join(datasets, 'visits', 'dataset.yml'), DATASET(schema));
    await writeFile(join(datasets, 'visits', 'visits.sql'), MODEL);
    await writeFile(join(folder, 'cities.csv'), 'name,country\nHue,VN\n');
    const through = new URL(url);
    through.port = String(proxy.port);
    return { EVENTLAKE_DATASETS: datasets, WAREHOUSE_URL: String(through) };
  });
});
afterAll(async () => {
  await dashboard?.close();
  await proxy?.close();
  const reader = await WarehouseReader.start();
  await reader.rows(url, `DROP SCHEMA IF EXISTS ${schema} CASCADE`);
  await reader.stop();
});

const visit = (id: string) =>
  appendFile(
    join(dashboard.environment.folder, 'visits.ndjson'),
    `{"id": "${id}", "moment": "2020-01-01T00:00:00Z", "city": "Hue"}\n`,
  );
const tables = (page: Page) => page.getByRole('list', { name: 'Tables in PostgreSQL' }).locator('li');
const note = (page: Page) => page.locator('[data-hop="publish"] p.hint');

test('shows each published table, its version and that of the lake, and the rest while PostgreSQL is down', async () => {
  const { environment } = dashboard;
  const { WAREHOUSE_URL, ...others } = environment.variables;
  const { page, context, faults } = await dashboard.open('/datasets/visits/pipeline');
  const shows = (...texts: string[]) => eventually(() => tables(page).allTextContents(), texts);
  await shows('cities no table in the lake yet', 'visits_by_city no table in the lake yet');
  await visit('a');
  await command(environment, ['run', 'visits']);
  await shows('cities version 0, up to date', 'visits_by_city version 0, up to date');
  expect(await note(page).count()).toBe(0);

  proxy.inject({ kind: 'reset' });
  await visit('b');
  await command({ ...environment, variables: others }, ['run', 'visits']);
  await eventually(() => page.locator('[data-store="archive"]').textContent(), '2');
  await eventually(async () => {
    const text = (await note(page).textContent()) ?? '';
    return text.startsWith(`postgres 127.0.0.1:${proxy.port}/`);
  }, true);
  await shows();

  proxy.heal();
  await shows('cities version 0, up to date', 'visits_by_city version 0, behind: the lake has 1');
  await command(environment, ['process', 'visits']);
  await shows('cities version 0, up to date', 'visits_by_city version 1, up to date');
  const answer = await fetch(`${dashboard.address}/datasets/visits/api/pipeline`);
  expect(((await answer.json()) as PipelineAnswer).published).toEqual([
    { table: 'cities', version: '0', newest: '0' },
    { table: 'visits_by_city', version: '1', newest: '1' },
  ]);
  expect(faults).toEqual([]);
  await context.close();
});
