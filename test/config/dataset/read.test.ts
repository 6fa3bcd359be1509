import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { DATASETS, datasetNames, loadDataset, modelQuery } from '../../../config/dataset/read.ts';
import { type Model, modelOf } from '../../../core/dataset.ts';
import { Home } from '../../cli/fixtures.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/datasets');

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'datasets-'));
});
afterAll(() => rm(place, { recursive: true }));

/** A folder of one dataset with these files of the readings. */
async function placeWith(name: string, files: Record<string, string>): Promise<string> {
  const folder = join(place, name);
  for (const [from, to] of Object.entries(files)) {
    await mkdir(join(folder, to, '..'), { recursive: true });
    await copyFile(join(FIXTURES, 'readings', from), join(folder, to));
  }
  return folder;
}

describe('the folder of a dataset', () => {
  test('electronics is good, and keyed by user', async () => {
    const { dataset } = await loadDataset([DATASETS], 'electronics');
    const { columns, key, time } = dataset;
    const model = modelOf(dataset);
    expect({ key, time, table: model?.table, names: columns.map(({ name }) => name).join() }).toEqual({
      key: 'user_id',
      time: 'event_time',
      table: 'customer_profiles',
      names: 'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session',
    });
  });

  test('a name without a file is unknown, and a name is never a path', async () => {
    await expect(loadDataset([FIXTURES, DATASETS], 'nothing')).rejects.toMatchObject({
      code: 'dataset:unknown',
      message: expect.stringContaining(
        `no ${join(FIXTURES, 'nothing/dataset.yml')} and no ${join(DATASETS, 'nothing/dataset.yml')}`,
      ),
      hint: expect.stringContaining('EVENTLAKE_DATASETS'),
    });
    await expect(loadDataset([DATASETS], '../datasets/electronics')).rejects.toMatchObject({
      code: 'dataset:unknown',
    });
  });

  test('without a dataset.yml is no dataset, and is not among the names', async () => {
    const own = await placeWith('empty', { 'sensors.sql': 'readings/sensors.sql' });
    expect(await datasetNames([own, FIXTURES])).toEqual(['misnamed', 'readings']);
    expect(await datasetNames([own])).toEqual([]);
    await expect(loadDataset([own], 'readings')).rejects.toMatchObject({
      code: 'dataset:unknown',
      message: `${join(own, 'readings')} is no dataset: it has no dataset.yml`,
      hint: expect.stringContaining(join(own, 'readings/dataset.yml')),
    });
    expect((await loadDataset([own, FIXTURES], 'readings')).folder).toBe(join(FIXTURES, 'readings'));
  });

  test('a file whose name says something else is refused', async () => {
    await expect(loadDataset([FIXTURES], 'misnamed')).rejects.toMatchObject({
      code: 'dataset:invalid',
      message: expect.stringContaining('is "readings", but the folder\'s name says "misnamed"'),
    });
  });

  test('is taken from the first place that has it, with the SQL beside it', async () => {
    const own = await placeWith('own', {
      'dataset.yml': 'readings/dataset.yml',
      'sensors.sql': 'readings/sensors.sql',
    });
    await writeFile(join(own, 'readings/sensors.sql'), 'SELECT 1');
    const found = await loadDataset([own, FIXTURES], 'readings');
    expect(found.folder).toBe(join(own, 'readings'));
    expect(await modelQuery(found, found.dataset.models[0] as Model)).toBe('SELECT 1');
    expect((await loadDataset([own, DATASETS], 'electronics')).folder).toBe(join(DATASETS, 'electronics'));
  });

  test('without the SQL of its model is refused', async () => {
    const bare = await placeWith('bare', { 'dataset.yml': 'readings/dataset.yml' });
    const found = await loadDataset([bare], 'readings');
    await expect(modelQuery(found, found.dataset.models[0] as Model)).rejects.toMatchObject({
      code: 'dataset:invalid',
      message: `${join(bare, 'readings/sensors.sql')}, the SQL of a model of readings, is missing`,
    });
  });

  test('is asked for where a dataset is a single file', async () => {
    const old = await placeWith('old', { 'dataset.yml': 'readings.yml' });
    await expect(loadDataset([old, FIXTURES], 'readings')).rejects.toMatchObject({
      code: 'dataset:old_place',
      hint: expect.stringContaining(`mv ${join(old, 'readings.yml')} ${join(old, 'readings/dataset.yml')}`),
    });
  });
});

test('EVENTLAKE_DATASETS is searched first, by every command', async () => {
  const home = await Home.create();
  const file = await home.put('readings.csv', 'reading,sensor,measured_at\n1,a,2024-02-29T12:00:00Z\n');
  const check = (folder: string) =>
    home.run(['check-data', 'readings', '--file', file], { EVENTLAKE_DATASETS: folder });
  expect(await check(FIXTURES)).toMatchObject({ code: 0, stdout: expect.stringContaining('1 rows pass') });
  const { stdout } = await home.run(['check-data', '--file', file], {
    EVENTLAKE_DATASETS: FIXTURES,
    DATASET: 'readings',
  });
  expect(stdout).toContain('1 rows pass');
  expect(await check(place)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/There is no dataset "readings": .*dataset:unknown/s),
  });
  await rm(home.folder, { recursive: true });
});
