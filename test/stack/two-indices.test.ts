import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import type { AuditReport } from '../../inspection/audit.ts';
import { askIndex, type Environment, embedded, eventlake, json } from './end-to-end-environment.ts';

jest.setTimeout(300_000);

const NAME = `two_indices_${randomUUID().replaceAll('-', '')}`;
const DATASET = `
name: ${NAME}
source: {type: file, format: ndjson, path: visits.ndjson}
key: guest
time: moment
columns:
  - {name: moment, type: timestamp, required: true}
  - {name: guest, type: string, required: true}
  - {name: room, type: string, required: true}
models:
  - {table: guests, sql: guests.sql, key: [guest], shareBy: guest}
  - {table: rooms, sql: rooms.sql, key: [room], shareBy: room}
publish:
  - {table: guests, to: elasticsearch, index: ${NAME}-guests}
  - {table: rooms, to: elasticsearch, index: ${NAME}-rooms}
`;
/** Three visits of two guests to three rooms. */
const VISITS = [
  ['ann', 'blue'],
  ['ann', 'red'],
  ['bob', 'green'],
].map(([guest, room], hour) => JSON.stringify({ moment: `2026-05-01T0${hour}:00:00Z`, guest, room }));

let environment: Environment;
beforeAll(async () => {
  const local = await embedded();
  const url = process.env.EVENTLAKE_TEST_ELASTICSEARCH ?? '';
  const datasets = join(local.folder, 'datasets');
  environment = {
    ...local,
    index: { url, name: `${NAME}-rooms` },
    variables: { ...local.variables, EVENTLAKE_DATASETS: datasets, ELASTICSEARCH_URL: url },
  };
  await mkdir(join(datasets, NAME), { recursive: true });
  await writeFile(join(datasets, NAME, 'dataset.yml'), DATASET);
  for (const [table, key] of [
    ['guests', 'guest'],
    ['rooms', 'room'],
  ]) {
    const sql = `SELECT ${key}, count(*) AS visits FROM events GROUP BY ${key}`;
    await writeFile(join(datasets, NAME, `${table}.sql`), sql);
  }
  await writeFile(join(local.folder, 'visits.ndjson'), `${VISITS.join('\n')}\n`);
});
afterAll(async () => {
  await eventlake(environment, ['reset', NAME, '--yes']);
  await environment.remove();
});

test('a document altered in the second index unbalances the audit, until it is published again', async () => {
  await json(environment, ['run', NAME, '--complete']);
  const before = await json<AuditReport>(environment, ['audit', NAME]);
  expect(before).toMatchObject({
    balanced: true,
    index: { documents: 2, differing: 0 },
    indices: [{ table: 'rooms', documents: 3, differing: 0 }],
  });
  await askIndex(environment, 'POST', '_update/red?refresh=true', { doc: { visits: 9 } });
  expect(await json(environment, ['audit', NAME], 3)).toEqual({
    ...before,
    balanced: false,
    indices: [{ table: 'rooms', documents: 3, differing: 1 }],
    differences: [
      'documents of rooms in Elasticsearch as in the lake: 1 differ, it has 3 (red). Run: eventlake process; if it finds them up to date: eventlake process --republish',
    ],
  });
  await json(environment, ['process', NAME, '--republish']);
  expect(await json(environment, ['audit', NAME])).toEqual(before);
  expect((await askIndex(environment, 'GET', '_doc/red'))._source).toMatchObject({ visits: 1 });
});

test('a model whose SQL gives another column is published with it, wholly', async () => {
  const sql = 'SELECT guest, count(*) AS visits, min(moment) AS since FROM events GROUP BY guest';
  await writeFile(join(environment.folder, 'datasets', NAME, 'guests.sql'), sql);
  expect(await json(environment, ['process', NAME])).toMatchObject({
    published: [
      { table: 'guests', outcome: 'published', stored: 2 },
      { table: 'rooms', outcome: 'up_to_date' },
    ],
  });
  expect(await json(environment, ['audit', NAME])).toMatchObject({
    balanced: true,
    index: { documents: 2, differing: 0 },
  });
  const url = environment.index?.url ?? '';
  const guests = { ...environment, index: { url, name: `${NAME}-guests` } };
  expect((await askIndex(guests, 'GET', '_doc/ann'))._source).toEqual({
    ...{ guest: 'ann', visits: 2, since: '2026-05-01T00:00:00.000Z' },
  });
});
