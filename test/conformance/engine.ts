import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseDataset } from '../../config/dataset/parse.ts';
import type { ObjectStore, RecordBatch, Stream } from '../../core/contracts.ts';
import type { NewFile, TableVersion } from '../../core/data-files.ts';
import type { Model } from '../../core/dataset.ts';
import type { Engine, ModelFiles, ModelJob } from '../../core/engine.ts';
import { eventsFields, MONTH } from '../../core/lake-tables.ts';
import type { Row } from '../../core/row.ts';
import { Slices } from '../../core/slices.ts';
import { DeltaTable } from '../../lake/table.ts';

/** An engine over a lake of its own, and a view of files that does not go through the engine. */
export interface EngineUnderTest {
  readonly engine: Engine;
  readonly store: ObjectStore;
  /** For an engine that reads the log: lets the log hold these records, and no others. */
  put?(records: readonly RecordBatch[]): Promise<void>;
  /** The rows of Parquet files, new or of a table, in this order. */
  rows(files: readonly NewFile[], table: string, order: string): Promise<Row[]>;
  /** Local files that the engine has not removed. */
  leftovers(): Promise<string[]>;
  close(): Promise<void>;
}

const DATASET = parseDataset(
  `name: sales
key: customer
time: sold_at
columns:
  - {name: sold_at, type: timestamp, required: true}
  - {name: customer, type: int64, required: true}
  - {name: amount, type: "decimal(12,2)"}
`,
  'sales.yml',
);
const KEYED = parseDataset(
  `name: keyed
source: {type: topic}
key: customer
time: sold_at
columns:
  - {name: sold_at, type: timestamp, required: true}
  - {name: customer, from: {key: true}, type: int64, required: true}
  - {name: trace, from: {header: trace-id}, type: string}
`,
  'keyed.yml',
);
const TOTALS: Model = {
  table: 'totals',
  sql: 'totals.sql',
  key: ['customer'],
  shareBy: 'customer',
  audit: { events: 'sales', amount: 'spent' },
};
const TOTALS_SQL =
  'SELECT customer, count(*) AS sales, CAST(sum(amount) AS DECIMAL(18, 2)) AS spent FROM events GROUP BY customer';
/** Of a type that tables do not have. */
const TYPES = 'SELECT customer, CAST(1 AS FLOAT) AS sales, 1 AS spent FROM events';
const DAY_MS = Date.UTC(2024, 2, 1);

const sale = (customer: number | string, amount: string, month = 1) =>
  `{"sold_at":"2024-0${month}-15T12:00:00Z","customer":${customer},"amount":"${amount}"}`;

/** Records of one partition from offset `from` on. */
function recordsOf(
  values: readonly (string | Buffer | null)[],
  { stream = 'events', partition = 0, from = 0 }: { stream?: Stream; partition?: number; from?: number } = {},
): RecordBatch {
  return {
    ...{ stream, partition, from: BigInt(from), next: BigInt(from + values.length) },
    offsets: values.map((_, i) => BigInt(from + i)),
    timestamps: values.map(() => DAY_MS),
    values: Slices.of(values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value))),
  };
}

const NOTHING: ReadonlyMap<string, bigint> = new Map();

/** What every engine promises. */
export function describeEngine(name: string, open: () => Promise<EngineUnderTest>): void {
  describe(name, () => {
    let place: EngineUnderTest;
    beforeEach(async () => {
      place = await open();
    });
    afterEach(() => place.close());

    /** Archives these records as one batch. */
    async function archived(
      records: readonly RecordBatch[],
      from: { events?: ReadonlyMap<string, bigint>; rejected?: ReadonlyMap<string, bigint> } = {},
      dataset = DATASET,
    ) {
      await place.put?.(records);
      const batch = await place.engine.batch(dataset);
      for (const one of records) await batch.add(one, one.from);
      const files = await place.engine.archive({
        dataset,
        batch,
        from: { events: from.events ?? NOTHING, rejected: from.rejected ?? NOTHING },
      });
      return { batch, files };
    }

    /** Commits events to a table, as the archive stage does. */
    async function addEvents(table: DeltaTable, values: readonly string[]): Promise<TableVersion> {
      const { batch, files } = await archived([recordsOf(values)]);
      const snapshot = await table.commit({
        ...{ base: await table.snapshot(), fields: eventsFields(DATASET), partitionBy: [MONTH] },
        ...{ add: files.events, remove: 'none', txns: new Map(), operation: 'WRITE' },
      });
      await batch.discard();
      return { ...snapshot, path: table.path };
    }

    function jobOf(events: TableVersion, change: Partial<ModelJob> = {}): ModelJob {
      return {
        ...{ dataset: DATASET, model: TOTALS, query: TOTALS_SQL, derived: null, added: null },
        inputs: [{ name: 'events', table: events }],
        ...change,
      };
    }

    /** Commits what a model gave. */
    async function commit(table: DeltaTable, { fields, files, kept }: ModelFiles): Promise<TableVersion> {
      const base = await table.snapshot();
      const snapshot = await table.commit({
        ...{ base, fields, partitionBy: [], add: files, txns: new Map(), operation: 'WRITE' },
        remove: kept ? (base?.files ?? []).filter((file) => !kept.includes(file)) : 'all',
      });
      return { ...snapshot, path: table.path };
    }

    const objects = async () => {
      const keys: string[] = [];
      for await (const { key } of place.store.list('')) keys.push(key);
      return keys.filter((key) => key.includes('_delta_log'));
    };

    describe('archiving', () => {
      test('types the good events by month, and says why the others are rejected; it commits nothing', async () => {
        const { batch, files } = await archived([
          recordsOf([sale(7, '1.50'), 'no JSON', sale('"x"', '1.00'), sale(8, '2.25', 2)]),
          recordsOf([null, sale(9, '1000000.10')], { partition: 1, from: 10 }),
        ]);
        expect(await objects()).toEqual([]);
        expect(files).toMatchObject({ computedBy: name, read: { events: 6, 'dead-letters': 0 } });
        expect([...files.next].sort()).toEqual([
          ['events/0', 4n],
          ['events/1', 12n],
        ]);
        const [january, february] = ['2024-01', '2024-02'].map((month) =>
          files.events.filter(({ partition }) => partition[MONTH] === month),
        );
        expect(await place.rows(january ?? [], 'sales/events', 'customer')).toMatchObject([
          { sold_at: '2024-01-15T12:00:00Z', customer: 7n, amount: '1.50', log_partition: 0, log_offset: 0n },
          { customer: 9n, amount: '1000000.10', log_partition: 1, log_offset: 11n },
        ]);
        expect(await place.rows(february ?? [], 'sales/events', 'customer')).toMatchObject([
          { customer: 8n, log_offset: 3n, log_timestamp: '2024-03-01T00:00:00Z' },
        ]);
        expect(await place.rows(files.rejected, 'sales/rejected', 'log_partition, log_offset')).toMatchObject(
          [
            { reason: 'value:not_json', payload: 'no JSON', log_partition: 0, log_offset: 1n },
            { reason: 'customer:not_an_integer', detail: 'x', log_partition: 0, log_offset: 2n },
            { reason: 'value:null', payload: null, log_partition: 1, log_offset: 10n },
          ],
        );
        expect(files.reasons).toEqual({ 'customer:not_an_integer': 1, 'value:not_json': 1, 'value:null': 1 });
        expect(files.firstRejected).toContainEqual({
          ...{ reason: 'customer:not_an_integer', place: 'events/0 offset 2', detail: 'x' },
        });
        await batch.discard();
      });

      test('reads columns from keys and headers, as text', async () => {
        const keys = ['7', 'x', null, Buffer.from([0xff]), '8', '9'.repeat(20_000), '-9'];
        const traces = ['é\tß\n"x', null, 'a', 'a', Buffer.from([0xc3]), 'a', ''];
        const bytes = (some: readonly (string | Buffer | null)[]) =>
          some.map((one) => (typeof one === 'string' ? Buffer.from(one) : one));
        const records = {
          ...recordsOf(keys.map(() => '{"sold_at":"2024-01-15T12:00:00Z","customer":1,"trace":2}')),
          keys: bytes(keys),
          headers: new Map([['trace-id', bytes(traces)]]),
        };
        const { batch, files } = await archived([records], {}, KEYED);
        expect(await place.rows(files.events, 'keyed/events', 'log_offset')).toMatchObject([
          { customer: 7n, trace: traces[0], log_offset: 0n },
          { customer: -9n, trace: null, log_offset: 6n },
        ]);
        const rejected = await place.rows(files.rejected, 'keyed/rejected', 'log_offset');
        expect(rejected.map(({ reason, detail }) => [reason, detail])).toEqual([
          ['customer:not_an_integer', 'x'],
          ['customer:missing', null],
          ['customer:invalid_utf8', null],
          ['trace:invalid_utf8', null],
          ['customer:too_large', null],
        ]);
        await batch.discard();
      });

      test('says of each file how many rows it has and between which values', async () => {
        const { batch, files } = await archived([recordsOf([sale(7, '1.50'), sale(-3, '2.25')])]);
        const [file] = files.events;
        expect(files.events).toHaveLength(1);
        expect(files.rejected).toEqual([]);
        expect(file).toMatchObject({ rows: 2, partition: { [MONTH]: '2024-01' } });
        expect(file?.bytes).toBeGreaterThan(100);
        const { numRecords, minValues, maxValues, nullCount } = JSON.parse(file?.stats ?? '');
        expect(numRecords).toBe(2);
        expect(minValues).toMatchObject({ customer: -3, amount: 1.5, log_offset: 0 });
        expect(maxValues).toMatchObject({ customer: 7, amount: 2.25, log_offset: 1 });
        expect(nullCount).toMatchObject({ customer: 0, amount: 0 });
        await batch.discard();
      });

      test('leaves out what a table has already, which may be ahead of the other one', async () => {
        const records = [recordsOf([sale(1, '1.00'), 'bad', sale(2, '1.00'), 'worse'])];
        const ahead = new Map([['events/0', 2n]]);
        const rejectedAhead = await archived(records, { rejected: ahead });
        expect(rejectedAhead.files.events.reduce((sum, { rows }) => sum + rows, 0)).toBe(2);
        expect(await place.rows(rejectedAhead.files.rejected, 'sales/rejected', 'log_offset')).toMatchObject([
          { payload: 'worse', log_offset: 3n },
        ]);
        const eventsAhead = await archived(records, { events: ahead });
        expect(await place.rows(eventsAhead.files.events, 'sales/events', 'log_offset')).toMatchObject([
          { customer: 2n, log_offset: 2n },
        ]);
        expect(eventsAhead.files.rejected.reduce((sum, { rows }) => sum + rows, 0)).toBe(2);
        for (const { batch } of [rejectedAhead, eventsAhead]) await batch.discard();
      });

      test('keeps dead letters, with the file and line that they name', async () => {
        const letter = {
          reason: 'line:wrong_field_count',
          detail: '2 fields where the header has 3',
          ...{ raw: Buffer.from('a,b').toString('base64'), file: 'sales.csv', line: 12 },
        };
        const { batch, files } = await archived([
          recordsOf([JSON.stringify(letter), '?'], { stream: 'dead-letters' }),
        ]);
        expect(files.events).toEqual([]);
        expect(await place.rows(files.rejected, 'sales/rejected', 'log_offset')).toMatchObject([
          { reason: 'line:wrong_field_count', payload: 'a,b', source_file: 'sales.csv', source_line: 12n },
          { reason: 'line:unreadable_dead_letter', payload: '?', source_file: null },
        ]);
        await batch.discard();
      });

      test('of offsets without records gives positions and no file', async () => {
        const { batch, files } = await archived([{ ...recordsOf([]), next: 5n }]);
        expect(files).toMatchObject({ events: [], rejected: [], reasons: {} });
        expect([...files.next]).toEqual([['events/0', 5n]]);
        await batch.discard();
        expect(await place.leftovers()).toEqual([]);
      });
    });

    describe('models', () => {
      const events = () => new DeltaTable(place.store, 'sales/events');
      const totals = () => new DeltaTable(place.store, 'sales/totals');

      test('are computed over all events; nothing is committed, and nothing stays once it is discarded', async () => {
        const version = await addEvents(events(), [sale(1, '1.10'), sale(2, '5.00'), sale(1, '2.20', 2)]);
        const before = await objects();
        const made = await place.engine.model(jobOf(version));
        expect(made.fields).toEqual([
          { name: 'customer', type: 'long', nullable: true },
          { name: 'sales', type: 'long', nullable: true },
          { name: 'spent', type: 'decimal(18,2)', nullable: true },
        ]);
        expect(await place.rows(made.files, 'sales/totals', 'customer')).toEqual([
          { customer: 1n, sales: 2n, spent: '3.30' },
          { customer: 2n, sales: 1n, spent: '5.00' },
        ]);
        expect(await objects()).toEqual(before);
        await made.discard();
        expect(await place.leftovers()).toEqual([]);
      });

      test('with a column to share by are right again after events were added, also where only some of it is computed again', async () => {
        const [log, table] = [events(), totals()];
        const first = await addEvents(log, [sale(1, '1.00'), sale(2, '2.00')]);
        const made = await place.engine.model(jobOf(first));
        const derived = await commit(table, made);
        await made.discard();
        const second = await addEvents(log, [sale(2, '0.50', 2), sale(3, '3.00')]);
        const known = new Set(first.files.map(({ path }) => path));
        const added = second.files.filter(({ path }) => !known.has(path));
        const renewed = await place.engine.model(jobOf(second, { derived, added }));
        const { files } = await commit(table, renewed);
        expect(await place.rows(files, table.path, 'customer')).toEqual([
          { customer: 1n, sales: 1n, spent: '1.00' },
          { customer: 2n, sales: 2n, spent: '2.50' },
          { customer: 3n, sales: 1n, spent: '3.00' },
        ]);
        await renewed.discard();
      });

      test('may read the newest event, earlier tables and functions that Spark has', async () => {
        const version = await addEvents(events(), [sale(1, '1.00'), sale(2, '2.00', 3)]);
        const made = await place.engine.model(jobOf(version));
        const derived = await commit(totals(), made);
        await made.discard();
        const ages = await place.engine.model(
          jobOf(version, {
            model: { table: 'ages', sql: 'ages.sql', key: ['customer'] },
            query: `SELECT customer, unix_timestamp(last_event) AS newest,
  unix_timestamp(CAST('1969-12-31 23:59:58.5' AS TIMESTAMP)) AS before_1970 FROM totals CROSS JOIN dataset -- all`,
            inputs: [
              { name: 'events', table: version },
              { name: 'totals', table: derived },
            ],
          }),
        );
        const newest = BigInt(Date.UTC(2024, 2, 15, 12) / 1000);
        expect(await place.rows(ages.files, 'sales/ages', 'customer')).toEqual([
          { customer: 1n, newest, before_1970: -1n },
          { customer: 2n, newest, before_1970: -1n },
        ]);
        await ages.discard();
      });

      test('that give no row have columns and no file', async () => {
        const version = await addEvents(events(), [sale(1, '1.00')]);
        const made = await place.engine.model(
          jobOf(version, { query: `${TOTALS_SQL.replace('GROUP BY', 'WHERE amount > 5 GROUP BY')}` }),
        );
        expect(made.files).toEqual([]);
        expect(made.fields).toHaveLength(3);
        await made.discard();
      });

      test.each([
        ['is no query', 'SELEC 1', {}, 'model:invalid'],
        ['lacks its key', 'SELECT 1 AS one FROM events', {}, 'model:invalid'],
        ['has a column of a type that tables do not store', TYPES, { audit: {} }, 'lake:unsupported_type'],
      ])('whose SQL %s is an error that says so, and leaves nothing', async (_what, query, change, code) => {
        const version = await addEvents(events(), [sale(1, '1.00')]);
        const model = { ...TOTALS, ...change } as Model;
        await expect(place.engine.model(jobOf(version, { query, model }))).rejects.toMatchObject({ code });
        expect(await place.leftovers()).toEqual([]);
      });

      test('end when they are told to, with the reason that is given', async () => {
        const version = await addEvents(events(), [sale(1, '1.00')]);
        const reason = new Error('enough');
        const signal = AbortSignal.abort(reason);
        await expect(place.engine.model(jobOf(version, { signal }))).rejects.toBe(reason);
      });

      test('over a file that is gone are an error that names it', async () => {
        const version = await addEvents(events(), [sale(1, '1.00')]);
        const [file] = version.files;
        await place.store.delete([`sales/events/${file?.path}`]);
        await expect(place.engine.model(jobOf(version))).rejects.toMatchObject({
          ...{ code: 'object:missing', message: expect.stringContaining(file?.path ?? '?') },
        });
      });
    });
  });
}
