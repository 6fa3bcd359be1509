import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { loadDataset, modelQuery } from '../../config/dataset/read.ts';
import { modelOf } from '../../core/dataset.ts';
import { ingest } from '../../ingestion/ingest.ts';
import { openSource } from '../../ingestion/source-file.ts';
import { audit } from '../../inspection/audit.ts';
import { checkData } from '../../inspection/check-data.ts';
import { highlights, profileOf, rejectedRows } from '../../inspection/rows.ts';
import { status } from '../../inspection/status.ts';
import { MemoryIndex, processAll, stepsOf, Workplace } from '../processing/fixtures.ts';
import { auditContextOf } from './fixtures.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/datasets');

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const CSV = `working,reading,sensor,measured_at,celsius,humidity,installed,room,note
true,1,it's "a",2024-02-29T12:00:00Z,21.5,40.00,31.12.2023,attic,x
true,1,it's "a",2024-02-29T12:00:00+00:00,2.15e1,40,31.12.2023,attic,a copy but for its note
false,2,it's "a",2024-03-01 00:00:00,-90,60.01,01.01.2024,cellar,
,3,b,2024-03-01T01:00:00+02:00,,,,,
,4,b,2024-03-01T00:00:00Z,60.1,,,,
,0,b,2024-03-01T00:00:00Z,,,,,
,5,b,yesterday,,,,,
,6,b,2024-03-01T00:00:00Z,,,30.02.2024,,
,7,b,2024-03-01T00:00:00Z,,,,roof,
,8,,2024-03-01T00:00:00Z,,,,,
maybe,9,b,2024-03-01T00:00:00Z,,,,,
oops
`.replaceAll('it\'s "a"', '"it\'s ""a"""');

test('a dataset is a folder with a YAML file and a model: another one goes through every stage', async () => {
  const found = await loadDataset([FIXTURES], 'readings');
  const { dataset } = found;
  const model = modelOf(dataset);
  if (!model) throw new Error('the readings have a model');
  const query = await modelQuery(found, model);
  const path = join(place.folder, 'readings.csv');
  await writeFile(path, CSV);
  const source = await openSource(path, '');

  const rejected = {
    'celsius:above_maximum': 1,
    'installed:not_a_date': 1,
    'line:wrong_field_count': 1,
    'measured_at:not_a_timestamp': 1,
    'reading:below_minimum': 1,
    'room:not_allowed': 1,
    'sensor:missing': 1,
    'working:not_a_boolean': 1,
  };
  const check = await checkData(dataset, source, place.engine);
  expect(check).toMatchObject({ rows: 12, good: 4, extraColumns: ['note'], absentColumns: [] });
  expect(Object.fromEntries(check.findings.map(({ reason, rows }) => [reason, rows]))).toEqual(rejected);

  const log = place.log(3);
  const index = new MemoryIndex();
  expect(await ingest(log, { dataset, source, again: false, chunkRows: 5, warn: () => {} })).toMatchObject({
    events: 11,
    deadLetters: 1,
  });
  const archive = place.archiveContext(dataset, log);
  const profiles = place.table();
  expect(
    await processAll({
      archive,
      ...stepsOf({ model, query }, archive.tables, profiles, index),
      ...place.parts,
    }),
  ).toMatchObject({
    archive: { events: 4, rejected: 8 },
    model: { rows: 2n },
    publish: { stored: 2 },
  });

  const { files, sql } = place;
  expect(await audit(auditContextOf(place, { dataset, log, ...archive.tables, profiles, index }))).toEqual({
    dataset: 'readings',
    balanced: true,
    file: { rows: 12 },
    log: { events: 11, deadLetters: 1, removed: 0 },
    lake: { events: 4, rejected, duplicates: 1 },
    profiles: { users: 2, events: 3, totalSpent: null },
    index: { documents: 2, differing: 0 },
    differences: [],
    notes: [],
  });
  expect(await profileOf(model, profiles, files, sql, 'it\'s "a"')).toEqual({
    sensor: 'it\'s "a"',
    readings: 2,
    highest_celsius: 21.5,
    humidity: '100.01',
    always_working: false,
    installed: '2023-12-31',
    is_latest: true,
  });
  expect(JSON.parse(index.documents.get('b') ?? '')).toEqual({
    sensor: 'b',
    readings: 1,
    highest_celsius: null,
    humidity: null,
    always_working: null,
    installed: null,
    is_latest: false,
  });
  expect(index.fields.map(({ name, type }) => `${name} ${type}`)).toEqual([
    'sensor string',
    'readings long',
    'highest_celsius double',
    'humidity decimal(38,2)',
    'always_working boolean',
    'installed date',
    'is_latest boolean',
  ]);
  expect((await rejectedRows(archive.tables.rejected, files, sql, 3)).examples.length).toBe(3);
  expect(await highlights(model, dataset.overview, profiles, files, sql)).toEqual({
    segments: [],
    top: [],
    spent: null,
  });
  expect(await status({ log, tables: archive.tables, profiles, index })).toMatchObject({
    lag: 0,
    profilesUpToDate: true,
    index: { documents: 2 },
  });
});
