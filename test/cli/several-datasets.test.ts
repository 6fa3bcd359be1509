import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { FILE, Home } from './fixtures.ts';

const READINGS = `
name: readings
description: Readings of sensors.
entity: {singular: sensor, plural: sensors}
key: sensor
time: measured_at
columns:
  - {name: measured_at, type: timestamp, required: true}
  - {name: sensor, type: string, required: true}
  - {name: reading, type: double}
models:
  - {table: sensors, sql: sensors.sql, key: [sensor]}
`;

let home: Home;
let variables: Record<string, string>;
beforeAll(async () => {
  home = await Home.withData();
  for (const folder of ['own/readings', 'own/broken'])
    await mkdir(join(home.folder, folder), { recursive: true });
  await home.put('own/readings/dataset.yml', READINGS);
  await home.put(
    'own/readings/sensors.sql',
    'SELECT sensor, max(reading) AS highest FROM events GROUP BY sensor',
  );
  await home.put('own/broken/dataset.yml', 'name: broken\ncolums: []\n');
  await home.put(
    'data/readings.csv',
    'measured_at,sensor,reading\n2024-05-01T10:00:00Z,a,1.5\n2024-05-01T10:00:02Z,b,2\nnever,a,3\n',
  );
  variables = { EVENTLAKE_DATASETS: join(home.folder, 'own') };
});
afterAll(() => rm(home.folder, { recursive: true }));

const both = ['electronics', 'readings'];

test('run, process, status and audit take several datasets, and answer for each', async () => {
  const json = async (command: string) => {
    const { code, stdout } = await home.run([command, ...both, '--json'], variables);
    expect(code).toBe(0);
    const answer = JSON.parse(stdout);
    expect(Object.keys(answer)).toEqual(both);
    return answer;
  };
  const run = await json('run');
  expect(run.readings).toMatchObject({ ingest: { rows: 3 }, audit: { balanced: true } });
  expect(run.electronics).toMatchObject({ ingest: { outcome: 'ingested' }, audit: { balanced: true } });
  expect((await json('process')).readings.archive).toMatchObject({ events: 0, rejected: 0 });
  expect((await json('status')).readings.tables).toMatchObject(
    [
      { table: 'events', rows: 2 },
      { table: 'rejected', rows: 1 },
      { table: 'sensors', rows: 2 },
    ].map(({ table, rows }) => expect.objectContaining({ table: expect.stringContaining(table), rows })),
  );
  expect(await json('audit')).toMatchObject({
    electronics: { balanced: true },
    readings: { balanced: true },
  });

  const { code, stdout } = await home.run(['audit', ...both, 'readings'], variables);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^electronics:\n[\s\S]+ balanced[\s\S]+\nreadings:\n[\s\S]+sensors +2\n[\s\S]+ balanced/,
  );
  expect(stdout.match(/readings:/g)).toHaveLength(1);
});

test('an audit that does not balance for one of them exits with 3', async () => {
  await home.put('data/more.csv', `${FILE}`.replace('view', 'cart'));
  expect((await home.run(['ingest', 'electronics', '--file', 'data/more.csv'], variables)).code).toBe(0);
  const { code, stdout } = await home.run(['audit', ...both, '--json'], variables);
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({
    electronics: { balanced: false },
    readings: { balanced: true },
  });
});

test.each([
  [['process', 'electronics', 'nope'], {}, 'There is no dataset "nope"'],
  [['process', ...both, '--follow'], {}, '--follow is for one dataset'],
  [['run', ...both, '--file', 'data/readings.csv'], {}, '--file is for one dataset'],
  [['status', ...both], { KAFKA_TOPIC: 'events' }, 'KAFKA_TOPIC is set, which is for one dataset'],
])('%j with %j is refused before anything is done', async (args, more, message) => {
  const { code, stdout, stderr } = await home.run(args, { ...variables, ...more });
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(message);
});

test('datasets lists them, with what is wrong with a file', async () => {
  const { code, stdout } = await home.run(['datasets', '--json'], variables);
  expect(code).toBe(0);
  const listed = JSON.parse(stdout);
  const names = listed.map(({ name }: { name: string }) => name);
  expect(names).toEqual([...names].sort());
  const expected = [
    { name: 'broken', error: expect.stringMatching(/dataset\.yml:2:.*colums/) },
    expect.objectContaining({
      name: 'electronics',
      publish: expect.arrayContaining([
        { table: 'customer_profiles', to: 'elasticsearch', index: 'customer-profiles' },
      ]),
    }),
    {
      name: 'readings',
      description: 'Readings of sensors.',
      folder: join(home.folder, 'own/readings'),
      source: { type: 'file', format: 'csv', path: 'data/readings.csv' },
      tables: ['events', 'rejected', 'sensors'],
      publish: [],
    },
    expect.objectContaining({ name: 'co2_live', source: { type: 'generator', rate: 5 } }),
  ];
  expect(listed).toEqual(expect.arrayContaining(expected));
  const text = (await home.run(['datasets'], variables)).stdout;
  expect(text).toContain('readings\n  Readings of sensors.\n  source:     file (csv) data/readings.csv\n');
});
