import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Home } from './fixtures.ts';

const VISITS = `
name: visits
source: {type: topic}
key: visitor
time: seen_at
columns:
  - {name: seen_at, type: timestamp, required: true}
  - {name: visitor, from: {key: true}, type: int64, required: true}
`;
const ROWS = 'seen_at,visitor\n2024-05-01,7\n2024-05-02,x\n2024-05-03,\n';

let home: Home;
let variables: Record<string, string>;
beforeAll(async () => {
  home = await Home.create();
  variables = { EVENTLAKE_DATASETS: join(home.folder, 'own') };
  await mkdir(join(home.folder, 'own', 'visits'), { recursive: true });
  await home.put('own/visits/dataset.yml', VISITS);
});
afterAll(() => rm(home.folder, { recursive: true }));

test('rows of a file have the key in the column of its name, as check-data and ingest both see', async () => {
  const file = await home.put('visits.csv', ROWS);
  const json = async (...args: string[]) =>
    JSON.parse((await home.run([...args, '--json'], variables)).stdout);
  const reasons = { 'visitor:missing': 1, 'visitor:not_an_integer': 1 };
  const { findings, good } = await json('check-data', 'visits', '--file', file);
  const found = findings.map(({ reason, rows }: { reason: string; rows: number }) => [reason, rows]);
  expect([good, Object.fromEntries(found)]).toEqual([1, reasons]);
  const { process, audit } = await json('run', 'visits', '--file', file);
  expect(process.archive).toMatchObject({ events: 1, rejected: 2 });
  expect(audit).toMatchObject({ balanced: true, lake: { events: 1, rejected: reasons } });
});
