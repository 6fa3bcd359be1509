import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { auditContext } from '../../cli/audit.ts';
import type { EventlakeError } from '../../core/errors.ts';
import type { LakeAnswer, PipelineAnswer } from '../../dashboard/api.ts';
import { audit } from '../../inspection/audit.ts';
import { status } from '../../inspection/status.ts';
import { Shown, SMALL } from './fixtures.ts';

let shown: Shown;
beforeAll(async () => {
  shown = await Shown.open();
  await shown.run(SMALL);
});
afterAll(() => shown.close());

test('the dataset, with the roles of its columns', async () => {
  const { body } = await shown.ask<{ columns: object[]; profileColumns: object[] }>('/api/dataset');
  expect(body).toMatchObject({
    name: 'electronics',
    key: 'user_id',
    entity: { singular: 'customer', plural: 'customers' },
    time: 'event_time',
    model: 'customer_profiles',
    overview: {
      type: 'event_type',
      funnel: ['view', 'cart', 'purchase'],
      amount: 'price',
      category: 'category_code',
      brand: 'brand',
      session: 'user_session',
      segment: 'segment',
    },
  });
  expect(body.columns[0]).toEqual({ name: 'event_time', type: 'timestamp' });
  expect(body.profileColumns).toContainEqual({ name: 'total_spent', type: 'decimal(18,2)' });
});

describe('the pipeline', () => {
  test('shows what status prints, and the four stages', async () => {
    const { body } = await shown.ask<PipelineAnswer>('/api/pipeline');
    expect(body.status).toEqual(JSON.parse(JSON.stringify(await status(shown.session))));
    const idle = { moving: false, share: null, perSecond: null };
    const committed = { lastCommit: expect.stringMatching(/Z$/), engine: 'DuckDB' };
    expect(body.hops).toEqual([
      { name: 'ingest', rows: 10, lag: null, ...committed, engine: null, note: null, ...idle },
      { name: 'archive', rows: 10, lag: 0, ...committed, note: '2 of them rejected', ...idle },
      { name: 'model', rows: 3, lag: 0, ...committed, note: null, ...idle },
      {
        name: 'publish',
        rows: null,
        lag: null,
        lastCommit: null,
        engine: null,
        note: 'no index: ELASTICSEARCH_URL is not set',
        ...idle,
      },
    ]);
  });

  test('has the audit', async () => {
    const { body } = await shown.ask('/api/audit');
    expect(body).toMatchObject({
      balanced: true,
      lake: { events: 8, duplicates: 1 },
      profiles: { users: 3 },
    });
    const report = await audit(auditContext(shown.session));
    expect(body).toEqual({
      ...JSON.parse(JSON.stringify(report)),
      countedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
  });

  test('has an audit that counts again each time, and finds what the command finds', async () => {
    // Nothing is published from this table, and no version changes with the damage.
    const folder = join(shown.home, 'home/lake/electronics/customer_totals');
    const [name = ''] = (await readdir(folder)).filter((file) => file.endsWith('.parquet'));
    const file = join(folder, name);
    const whole = await readFile(file);
    const damaged = Buffer.from(whole);
    damaged.writeUInt8(damaged.readUInt8(damaged.length >> 1) ^ 1, damaged.length >> 1);
    for (const spoil of [() => writeFile(file, damaged), () => rm(file)]) {
      await spoil();
      const found = await audit(auditContext(shown.session)).catch((error: EventlakeError) => error);
      expect(found).toMatchObject({ code: expect.stringMatching(/^(lake:corrupt|object:missing)$/) });
      const { code, message } = found as EventlakeError;
      expect((await shown.ask('/api/audit')).body).toMatchObject({ error: { code, message } });
    }
    await writeFile(file, whole);
    expect((await shown.ask('/api/audit')).body).toMatchObject({ balanced: true });
  });

  test('has what was rejected, all or of one reason', async () => {
    const all = await shown.ask('/api/rejected');
    expect(all.body).toMatchObject({
      total: 2,
      reasons: [
        { reason: 'line:wrong_field_count', rows: 1 },
        { reason: 'price:not_a_number', rows: 1 },
      ],
    });
    const one = await shown.ask<{ examples: object[] }>('/api/rejected?reason=price:not_a_number');
    expect(one.body).toMatchObject({
      total: 2,
      examples: [{ reason: 'price:not_a_number', log_offset: expect.any(String) }],
    });
    expect(one.body.examples).toHaveLength(1);
  });
});

describe('the lake', () => {
  test('has the tables of events and of models', async () => {
    const { body } = await shown.ask<LakeAnswer>('/api/lake');
    expect(body.place).toBe(`${shown.home}/home/lake`);
    expect(body.tables.map(({ table, rows, partitionBy }) => [table, rows, partitionBy])).toEqual([
      ['events', 8, ['event_month']],
      ['rejected', 2, []],
      ['customer_totals', 3, []],
      ['customer_profiles', 3, []],
    ]);
    expect(body.tables[0]).toMatchObject({ version: '0', files: 2, bytes: expect.any(Number) });
    expect(body.tables[0]?.fields).toContainEqual({ name: 'log_offset', type: 'long' });
  });

  test('has a history and files', async () => {
    expect((await shown.ask('/api/lake/events/commits')).body).toMatchObject({
      commits: [{ version: '0', operation: 'WRITE', rowsAdded: 8, filesAdded: 2, filesRemoved: 0 }],
    });
    expect((await shown.ask('/api/lake/events/files?limit=1&offset=1')).body).toMatchObject({
      total: 2,
      files: [
        {
          partition: { event_month: expect.stringMatching(/^2020-1[01]$/) },
          written: expect.stringMatching(/Z$/),
        },
      ],
    });
  });

  test.each(['commits', 'files'])('knows its own tables only: %s', async (of) => {
    for (const table of ['nothing', '..%2Frejected', "events'--", 'EVENTS']) {
      expect(await shown.ask(`/api/lake/${table}/${of}`)).toMatchObject({
        status: 404,
        body: { error: { code: 'table:unknown' } },
      });
    }
  });
});
