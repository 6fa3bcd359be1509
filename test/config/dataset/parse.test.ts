import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parseDataset } from '../../../config/dataset/parse.ts';
import { DATASETS } from '../../../config/dataset/read.ts';
import { datasetJsonSchema } from '../../../config/dataset/schema.ts';
import { UsageError } from '../../../core/errors.ts';

const GOOD = `name: readings
key: sensor
time: measured_at
columns:
  - name: measured_at
    type: timestamp
    required: true
  - name: sensor
    type: string
`;

const UNKNOWN =
  'is no key of a dataset file here; known are name, description, download, source, key, time, columns, entity, models, publish, overview, reports, live';

/** Everything that is said about a dataset file, line by line; nothing when it is good. */
function complaints(text: string): string[] {
  try {
    parseDataset(text, 'readings.yml');
    return [];
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    expect(error).toMatchObject({ code: 'dataset:invalid' });
    return (error as Error).message.split('\n');
  }
}

const withColumn = (column: string) => complaints(`${GOOD}  - {name: n, ${column}}\n`);

describe('a dataset file', () => {
  test('that is good becomes a dataset; columns are optional unless they say otherwise', () => {
    expect(parseDataset(GOOD, 'readings.yml')).toEqual({
      name: 'readings',
      source: { type: 'file', format: 'csv' },
      key: 'sensor',
      time: 'measured_at',
      entity: { singular: 'profile', plural: 'profiles' },
      models: [],
      publish: [],
      columns: [
        { name: 'measured_at', type: 'timestamp', required: true },
        { name: 'sensor', type: 'string', required: false },
      ],
    });
  });

  test.each([
    ['a flow that is not closed', `${GOOD}description: [a\n`, /^readings\.yml:1[01]: /],
    ['a tab as indentation', 'name: readings\n\tkey: sensor\n', /^readings\.yml:2: Tabs are not allowed/],
    ['a key given twice', `${GOOD}name: again\n`, /^readings\.yml:10: Map keys must be unique/],
    ['an alias without its anchor', `${GOOD}description: *gone\n`, /^readings\.yml: .*gone/],
    ['a second document', `${GOOD}---\n${GOOD}`, /^readings\.yml:10: .*multiple documents/],
    ['nothing at all', '', /^readings\.yml:1: the dataset: .*expected object/],
    ['a list', '- readings\n', /^readings\.yml:1: the dataset: .*expected object/],
  ])('with %s is refused, with its line', (_what, text, message) => {
    expect(complaints(text)).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    ['an unknown key', `${GOOD}colour: red\n`, `readings.yml:10: colour: ${UNKNOWN}`],
    [
      'a misspelt key',
      `${GOOD}model: []\n`,
      'readings.yml:10: model: is no key of a dataset file here; did you mean "models"?',
    ],
    [
      'a misspelt key of a column',
      `${GOOD}    requierd: true\n`,
      'readings.yml:10: columns.1.requierd: is no key of a dataset file here; did you mean "required"?',
    ],
    [
      'an address as source',
      `${GOOD}source: https://a.org\n`,
      'readings.yml:10: source: must have the type file, topic or generator',
    ],
    [
      'a source that is not read',
      `${GOOD}source: {type: changes}\n`,
      'readings.yml:10: source.type: must have the type file, topic or generator',
    ],
    [
      'a format that is not read',
      `${GOOD}source: {type: file, format: xml}\n`,
      'readings.yml:10: source.format: must be csv or ndjson',
    ],
    [
      'an unknown key of a column',
      `${GOOD}    colour: red\n`,
      'readings.yml:10: columns.1.colour: is no key of a dataset file here; known are name, from, type, required, description, allowed, min, max, zeroDecimals, mixed, precision, format',
    ],
    [
      'a missing key',
      GOOD.replace('key: sensor\n', ''),
      'readings.yml:1: key: Invalid input: expected string, received undefined',
    ],
    [
      'a value of the wrong type',
      GOOD.replace('required: true', 'required: "yes"'),
      'readings.yml:7: columns.0.required: Invalid input: expected boolean, received string',
    ],
    [
      'a column twice',
      GOOD.replace('name: sensor', 'name: measured_at').replace('key: sensor', 'key: measured_at'),
      'readings.yml:8: columns.1.name: names measured_at a second time',
    ],
    [
      'a key that is no column',
      GOOD.replace('key: sensor', 'key: sensors'),
      'readings.yml:2: key: names sensors, which is not one of the columns',
    ],
    [
      'a time that is no column',
      GOOD.replace('time: measured_at', 'time: measured'),
      'readings.yml:3: time: names measured, which is not one of the columns',
    ],
    [
      'a time of another type',
      GOOD.replace('time: measured_at', 'time: sensor'),
      'readings.yml:3: time: names sensor, which must be a required column of type timestamp',
    ],
    [
      'a time that may be empty',
      GOOD.replace('    required: true\n', ''),
      'readings.yml:3: time: names measured_at, which must be a required column of type timestamp',
    ],
    [
      'a name in capitals',
      GOOD.replace('name: readings', 'name: Readings'),
      'readings.yml:1: name: must be lower-case letters, digits and _, beginning with a letter',
    ],
    ['a download that is no address', `${GOOD}download: nowhere\n`, 'readings.yml:10: download: Invalid URL'],
    [
      'Windows line ends',
      `${GOOD}colour: red\n`.replaceAll('\n', '\r\n'),
      `readings.yml:10: colour: ${UNKNOWN}`,
    ],
  ])('with %s is refused, with line and key', (_what, text, message) => {
    expect(complaints(text)).toEqual([message]);
  });

  test('that is wrong in several places is reported with all of them', () => {
    const text = `${GOOD.replace('key: sensor', 'key: sensors')}  - {name: n, type: text}\n  - {name: m, type: int64, format: "%Y"}\n`;
    expect(complaints(text).sort()).toEqual([
      expect.stringMatching(/^readings\.yml:10: columns\.2\.type: must be string, int64, double,/),
      'readings.yml:11: columns.3.format: is for timestamp and date columns, and this one is int64',
      'readings.yml:2: key: names sensors, which is not one of the columns',
    ]);
  });

  test.each([
    ['type: string, min: 1', 'min: is for numeric columns, and this one is string'],
    ['type: timestamp, max: 1', 'max: is for numeric columns, and this one is timestamp'],
    ['type: int64, allowed: [a]', 'allowed: is for string columns, and this one is int64'],
    ['type: double, format: "%Y"', 'format: is for timestamp and date columns, and this one is double'],
    ['type: timestamp, format: "%Y-%Q"', 'format: has letters that DuckDB does not know'],
    ['type: date, format: "%d.%m."', 'format: has no letter for the year'],
    ['type: string, allowed: []', 'allowed: Too small: expected array to have >=1 items'],
    [
      'type: int64, min: 1234567890123456789',
      'min: must be a plain decimal number; quote it if it has more than 15 digits',
    ],
    ['type: int64, min: 0x', 'min: must be a plain decimal number; quote it if it has more than 15 digits'],
    ['type: int64, min: 0.5', 'min: is no value of type int64'],
    ['type: int64, max: "9223372036854775808"', 'max: is no value of type int64'],
    ['type: "decimal(4,1)", min: 0.05', 'min: is no value of type decimal(4,1)'],
    ['type: "decimal(4,1)", max: 1000', 'max: is no value of type decimal(4,1)'],
    ['type: date, format: epoch_s', 'format: epoch_s is for timestamp columns, and this one is date'],
    ['type: int64, format: epoch_ms', 'format: is for timestamp and date columns, and this one is int64'],
    ['type: timestamp, format: epoch', 'format: has no letter for the year'],
    ['type: json, max: 1', 'max: is for numeric columns, and this one is json'],
    ['type: string, from: sensor', 'from: sensor is read from sensor already'],
    ['type: "decimal(2,5)"', 'type: has 5 decimals, but only 2 digits'],
  ])('with a column of %s is refused', (column, message) => {
    expect(withColumn(column)).toEqual([`readings.yml:10: columns.2.${message}`]);
  });

  test.each(['type: "decimal(39,0)"', 'type: "decimal(0,0)"', 'type: decimal', 'type: int32'])(
    'knows no %s',
    (column) => {
      expect(withColumn(column)).toEqual([expect.stringContaining('columns.2.type: must be string, int64')]);
    },
  );

  test.each([
    [
      'type: int64, min: "-9223372036854775808", max: "9223372036854775807"',
      { min: '-9223372036854775808', max: '9223372036854775807' },
    ],
    ['type: "decimal(4,1)", min: "0.50", max: 999.9', { min: '0.50', max: '999.9' }],
    ['type: double, min: -0.001', { min: '-0.001' }],
  ])('keeps the digits of %s', (column, limits) => {
    expect(parseDataset(`${GOOD}  - {name: n, ${column}}\n`, 'readings.yml').columns[2]).toMatchObject(
      limits,
    );
  });

  test.each([
    ['reason', 'is a name that the lake uses itself'],
    ['event_month', 'is a name that the lake uses itself'],
    ['log_offset', 'is a name that the lake uses itself'],
    ['text_3', 'is a name that the lake uses itself'],
    ['order', 'is a word of SQL'],
  ])('may not call a column %s', (name, message) => {
    expect(complaints(`${GOOD}  - {name: ${name}, type: string}\n`)).toEqual([
      `readings.yml:10: columns.2.name: ${name} ${message}`,
    ]);
  });

  const MODEL = 'table: days, sql: a.sql, key: [sensor], shareBy: sensor, audit: {events: n}';

  test.each([
    [MODEL, null],
    [MODEL.replace('shareBy: sensor, ', ''), null],
    [MODEL.replace('days', 'events'), 'table: events is a table of every dataset'],
    [MODEL.replace('[sensor]', '[id]'), 'key.0: names id, which is not one of the columns'],
    [MODEL.replace('[sensor]', 'sensor'), 'key: Invalid input: expected array, received string'],
    [
      MODEL.replace('[sensor]', '[sensor, sensor]'),
      'key: names several columns, and the key of a table that people look at has one',
    ],
    [
      MODEL.replace('[sensor]', '[measured_at]'),
      'key.0: names measured_at, which must be a required column of type int64 or string',
    ],
    [
      MODEL.replace('shareBy: sensor', 'shareBy: room'),
      'shareBy: names room, which must be a required column of type int64 or string',
    ],
    [MODEL.replace('a.sql', '../a.sql'), 'sql: must be a file name such as profiles.sql'],
    [
      MODEL.replace('shareBy', 'sharedBy'),
      'sharedBy: is no key of a dataset file here; did you mean "shareBy"?',
    ],
  ])('with the model {%s} is told %j', (model, message) => {
    const [table] = /(?<=table: )\w+/.exec(model) ?? [];
    const text = `${GOOD}    required: true\n  - {name: room, type: string}\nmodels:\n  - {${model}}\npublish:\n  - {table: ${table}, to: elasticsearch}\n`;
    expect(complaints(text)).toEqual(message === null ? [] : [`readings.yml:13: models.0.${message}`]);
  });

  test.each([
    ['table: rooms, lookup: location, from: room, key: [room]', null],
    ['table: rooms, csv: {path: "rooms*.csv", columns: [room, floor]}, key: [room]', null],
    ['table: days, sql: a.sql, key: [room, day]', null],
    ['table: rooms, key: [room]', 'table: needs one of sql, lookup and csv'],
    [
      'table: rooms, sql: a.sql, lookup: location, from: room, key: [room]',
      'table: needs one of sql, lookup and csv',
    ],
    ['table: rooms, lookup: weather, from: room, key: [room]', 'lookup: must be user_agent or location'],
    [
      'table: rooms, lookup: location, from: measured_at, key: [measured_at]',
      'lookup: needs from, a column of the contract of type string',
    ],
    [
      'table: rooms, lookup: location, from: room, key: [sensor]',
      'key: must be [room], the column that is looked up',
    ],
    [
      'table: rooms, csv: {path: a.csv, columns: [room]}, key: [id]',
      'key: must be one of the columns of csv',
    ],
    [
      'table: rooms, csv: {path: a.csv, columns: [room, floor]}, key: [room, floor]',
      'key: must be one column of the files',
    ],
    [
      'table: rooms, csv: {path: a.csv, columns: [room]}, key: [room], shareBy: sensor',
      'shareBy: is for a model with sql',
    ],
  ])('with the table {%s}, which nobody publishes, is told %j', (model, message) => {
    const text = `${GOOD}    required: true\n  - {name: room, type: string}\nmodels:\n  - {${model}}\n`;
    expect(complaints(text)).toEqual(message === null ? [] : [`readings.yml:13: models.0.${message}`]);
  });

  test('has each table once, and publishes tables that it has', () => {
    const text = `${GOOD}    required: true\nmodels:\n  - {${MODEL}}\n  - {${MODEL}}\npublish:\n`;
    const published = (table: string) => `  - {table: ${table}, to: elasticsearch}\n`;
    expect(complaints(text + published('days') + published('days') + published('nights'))).toEqual([
      'readings.yml:13: models.1.table: names days a second time',
      'readings.yml:16: publish.1.table: names days a second time',
      'readings.yml:17: publish.2.table: names nights, which is not the table of a model',
    ]);
  });
});

test('the JSON Schema for editors is the one that the code checks by: node config/write-schema.ts', async () => {
  expect(JSON.parse(await readFile(join(DATASETS, 'dataset.schema.json'), 'utf8'))).toEqual(
    datasetJsonSchema(),
  );
});

test('a column may be read from the key or a header of a topic', () => {
  const topic = (sensor: string) =>
    GOOD.replace('name: sensor\n', `name: sensor\n    from: ${sensor}\n`).replace(
      'key:',
      'source: {type: topic}\nkey:',
    );
  expect(complaints(topic('{key: true}'))).toEqual([]);
  expect(complaints(topic('{header: sensor-id}'))).toEqual([]);
  for (const wrong of ['{key: false}', '{heading: x}', '{key: true, header: x}', '[a]'])
    expect(complaints(topic(wrong))).toEqual([
      'readings.yml:10: columns.1.from: must be a name, {key: true} or {header: NAME}',
    ]);
  expect(complaints(topic('{header: x}').replace('{type: topic}', '{type: file}'))).toEqual([
    'readings.yml:10: columns.1.from: is a name where the source is no topic',
  ]);
  expect(complaints(`${topic('{key: true}')}  - {name: id, from: {key: true}, type: string}\n`)).toEqual([
    expect.stringMatching(/^readings\.yml:12: columns\.2\.from: sensor is read from .*key.* already$/),
    "readings.yml:3: key: must be id, the column that is read from the record's key",
  ]);
});

test('the live view is grouped by string columns, and shows numeric ones', () => {
  expect(complaints(`${GOOD}live: { by: [sensor, site], values: [measured_at] }\n`)).toEqual([
    'readings.yml:10: live.by.1: names site, which is not one of the columns',
    'readings.yml:10: live.values.0: names measured_at, which must be of type double, int64 or decimal',
  ]);
});

describe("the overview's roles", () => {
  const withOverview = (overview: string, more = '') =>
    complaints(
      `${GOOD}  - {name: kind, type: string, allowed: [a, b]}\n  - {name: price, type: "decimal(9,2)"}\n${more}overview: ${overview}\n`,
    );

  test('may each be left out', () => {
    expect(withOverview('{}')).toEqual([]);
    expect(withOverview('{type: kind, funnel: [b, a], amount: price, category: sensor}')).toEqual([]);
  });

  test.each([
    ['{colour: kind}', /overview\.colour: is no key of a dataset file here; known are type, funnel, /],
    ['{brand: nothing}', 'overview.brand: names nothing, which is not one of the columns'],
    ['{amounts: [total]}', 'overview.amounts: needs currency, which they are in'],
    ['{currency: EUR}', 'overview.currency: needs amount, the column that is in it'],
    ['{amount: price, currency: euro}', 'overview.currency: must be three capital letters, as in ISO 4217'],
    ['{amount: sensor}', 'overview.amount: names sensor, which must be of type int64 or decimal'],
    ['{type: price}', 'overview.type: names price, which must be of type string'],
    ['{funnel: [a]}', 'overview.funnel: needs type, the column that holds its steps'],
    ['{type: kind, funnel: [a, c]}', 'overview.funnel: names c, which kind is not allowed to be'],
    ['{type: kind, funnel: [a, a]}', 'overview.funnel: names a step twice'],
    ['{type: kind, funnel: []}', /overview\.funnel: /],
    ['{segment: tier}', 'overview.segment: needs a model, of which it has columns'],
  ])('%s', (overview, message) => {
    expect(withOverview(overview)).toEqual([
      typeof message === 'string' ? `readings.yml:12: ${message}` : expect.stringMatching(message),
    ]);
  });
});
