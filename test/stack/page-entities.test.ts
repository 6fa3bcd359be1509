import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { json } from './end-to-end-environment.ts';
import { type Dashboard, openDashboard, settled } from './page-environment.ts';

jest.setTimeout(180_000);

const READINGS = join(import.meta.dirname, '..', 'fixtures', 'datasets', 'readings');
const FILE = `reading,sensor,measured_at,celsius,humidity,working,installed,room
1,cellar-1,2026-03-01T00:00:00Z,8.5,70.25,true,01.02.2020,cellar
2,attic-1,2026-03-01T01:00:00Z,21.5,40.00,true,01.02.2021,attic
`;

let dashboard: Dashboard;
beforeAll(async () => {
  dashboard = await openDashboard(0, async ({ folder }) => {
    const of = join(folder, 'datasets', 'readings');
    await mkdir(of, { recursive: true });
    await cp(READINGS, of, { recursive: true });
    const text = await readFile(join(of, 'dataset.yml'), 'utf8');
    await writeFile(join(of, 'dataset.yml'), `${text}entity: { singular: sensor, plural: sensors }\n`);
    await writeFile(join(folder, 'readings.csv'), FILE);
    return { EVENTLAKE_DATASETS: join(folder, 'datasets') };
  });
  const { environment } = dashboard;
  await json(environment, ['run', 'readings', '--file', join(environment.folder, 'readings.csv')]);
});
afterAll(() => dashboard?.close());

test('a dataset of sensors is shown in its own words, in each view', async () => {
  const { page, context, faults } = await dashboard.open('/datasets/readings/');
  const heading = page.getByRole('heading', { level: 1 });
  await page.getByRole('link', { name: 'Sensors', exact: true }).waitFor();
  for (const path of ['/', '/entities', '/entities?q=none', '/entities/attic-1', '/pipeline', '/lake']) {
    await page.goto(`${dashboard.address}/datasets/readings${path}`);
    await settled(page);
    // The view may be asked before it has begun to load.
    if (path === '/entities?q=none') await page.getByText('No sensor matches.').waitFor();
    if (path === '/entities/attic-1') await heading.filter({ hasText: /^Sensor attic-1/ }).waitFor();
    const main = await page.locator('main').textContent();
    expect(main).not.toMatch(/customer|buyer|shop/i);
  }
  expect(faults).toEqual([]);
  await context.close();
});
