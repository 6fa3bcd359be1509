import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parseDataset } from '../../config/dataset/parse.ts';
import { modelOf } from '../../core/dataset.ts';
import { ingest } from '../../ingestion/ingest.ts';
import { openSource } from '../../ingestion/source-file.ts';
import { audit } from '../../inspection/audit.ts';
import { rejectedRows } from '../../inspection/rows.ts';
import { MemoryIndex, processAll, stepsOf, Workplace } from '../processing/fixtures.ts';
import { auditContextOf } from './fixtures.ts';

const dataset = parseDataset(
  `name: visits
key: visitor
time: moment
columns:
  - { name: visitor, from: "Visitor's ID", type: int64, required: true }
  - { name: moment, from: "Time, ms", type: timestamp, format: epoch_ms, required: true }
  - { name: payload, type: json }
models:
  - { table: visitors, sql: visitors.sql, key: [visitor], audit: { events: visits } }
publish:
  - { table: visitors, to: elasticsearch }
`,
  'dataset.yml',
);
const query = `SELECT visitor, count(*) AS visits, max(moment) AS last_visit, max(payload) AS payload
FROM (SELECT DISTINCT visitor, moment, payload FROM events) GROUP BY visitor`;

const CSV = `payload,"Time, ms",Visitor's ID,moment
"{""a"": [1, 2.50]}",1600000000123,9223372036854775807,x
"{""a"": [1, 2.50]}",1600000000123,9223372036854775807,y
,-1,2,
hello,0,2,
true,1600000000.5,2,
true,253402300800000,2,
true,0,,
`;

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

test('columns with other names in the file, times in milliseconds and JSON go from the file to the index', async () => {
  const path = join(place.folder, 'visits.csv');
  await writeFile(path, CSV);
  const log = place.log(2);
  const index = new MemoryIndex();
  const warnings: string[] = [];
  const source = await openSource(path, '');
  await ingest(log, { dataset, source, again: false, chunkRows: 5, warn: (text) => warnings.push(text) });
  expect(warnings).toEqual(['columns not in the contract are not carried: moment']);
  const archive = place.archiveContext(dataset, log);
  const profiles = place.table();
  const { files, sql } = place;
  const model = modelOf(dataset);
  if (!model) throw new Error('it has one');
  const steps = stepsOf({ model, query }, archive.tables, profiles, index);
  await processAll({ archive, ...steps, ...place.parts });

  expect(await place.rows(archive.tables.events, 'visitor, log_offset')).toMatchObject([
    { visitor: 2n, moment: '1969-12-31T23:59:59.999Z', payload: null },
    { visitor: 9223372036854775807n, moment: '2020-09-13T12:26:40.123Z', payload: '{"a": [1, 2.50]}' },
    { visitor: 9223372036854775807n, moment: '2020-09-13T12:26:40.123Z', payload: '{"a": [1, 2.50]}' },
  ]);
  const { reasons } = await rejectedRows(archive.tables.rejected, files, sql, 1);
  expect(Object.fromEntries(reasons.map(({ reason, rows }) => [reason, rows]))).toEqual({
    'moment:not_a_timestamp': 1,
    'moment:out_of_range': 1,
    'payload:not_json': 1,
    'visitor:missing': 1,
  });
  expect(index.fields).toEqual([
    { name: 'visitor', type: 'long', key: true },
    { name: 'visits', type: 'long', key: false },
    { name: 'last_visit', type: 'timestamp', key: false },
    { name: 'payload', type: 'json', key: false },
  ]);
  expect([...index.documents].map(([id, text]) => [id, JSON.parse(text)]).sort()).toEqual([
    ['2', { visitor: '2', visits: 1, last_visit: '1969-12-31T23:59:59.999Z', payload: null }],
    [
      '9223372036854775807',
      {
        visitor: '9223372036854775807',
        visits: 1,
        last_visit: '2020-09-13T12:26:40.123Z',
        payload: '{"a": [1, 2.50]}',
      },
    ],
  ]);
  expect(
    await audit(auditContextOf(place, { dataset, log, ...archive.tables, profiles, index })),
  ).toMatchObject({
    balanced: true,
    lake: { events: 3, duplicates: 1 },
  });
});
