import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { auditContext } from '../../cli/audit.ts';
import type { DatasetAnswer, PipelineAnswer } from '../../dashboard/api.ts';
import { audit } from '../../inspection/audit.ts';
import { status } from '../../inspection/status.ts';
import { Shown, SMALL } from './fixtures.ts';

/** What the overview says of eight events of which one is a copy, when no column has a role in it. */
const COUNTED = {
  dataset: 'electronics',
  first: '2020-10-30T23:59:59Z',
  last: '2020-11-02T13:00:00Z',
  events: 8,
  duplicates: 1,
  entities: 3,
  buyers: 0,
  revenue: '0.00',
  funnel: [],
  segments: [],
};
const PANELS = ['', '/days', '/spend', '/categories', '/brands'].map((panel) => `/api/overview${panel}`);

let plain: Shown;
let bare: Shown;
beforeAll(async () => {
  plain = await Shown.open({ change: ({ overview, ...dataset }) => dataset });
  await plain.run(SMALL);
  bare = await Shown.open({
    change: ({ overview, ...dataset }) => ({ ...dataset, models: [], publish: [] }),
  });
  await bare.run(SMALL);
});
afterAll(async () => {
  await plain?.close();
  await bare?.close();
});

describe.each([
  ['without an overview', () => plain],
  ['without an overview or a model', () => bare],
])('a dataset %s', (_, shown) => {
  test('has its events and customers counted', async () => {
    expect((await shown().ask('/api/overview')).body).toEqual({ ...COUNTED, versions: expect.any(Object) });
    expect((await shown().ask('/api/overview?from=2020-11-01')).body).toMatchObject({
      events: 4,
      entities: 2,
    });
    expect((await shown().ask('/api/overview/days')).body).toEqual({
      types: ['events'],
      days: [
        { day: '2020-10-30', counts: [1], revenue: '0.00' },
        { day: '2020-10-31', counts: [2], revenue: '0.00' },
        { day: '2020-11-01', counts: [0], revenue: '0.00' },
        { day: '2020-11-02', counts: [4], revenue: '0.00' },
      ],
    });
    expect((await shown().ask('/api/overview/spend')).body).toEqual({ buckets: [] });
    for (const panel of ['categories', 'brands'])
      expect((await shown().ask(`/api/overview/${panel}`)).body).toEqual({ items: [], others: null });
  });

  test('cannot be filtered by a role, in any panel', async () => {
    for (const panel of PANELS) {
      for (const role of ['category', 'brand', 'segment']) {
        expect(await shown().ask(`${panel}?${role}=x`)).toMatchObject({
          status: 400,
          body: { error: { code: 'request:no_role', message: expect.stringContaining(role) } },
        });
      }
    }
  });

  test('has events of one customer, in one visit and without money', async () => {
    expect((await shown().ask('/api/entities/1/events?limit=1')).body).toMatchObject({
      total: 4,
      events: [{ event_type: 'purchase', price: '12.34' }],
    });
    expect((await shown().ask('/api/entities/1/sessions')).body).toEqual({
      sessions: [
        {
          session: null,
          first: '2020-10-30T23:59:59Z',
          last: '2020-10-31T00:00:01Z',
          events: 3,
          counts: { events: 3 },
          spent: '0.00',
        },
      ],
    });
    expect((await shown().ask('/api/entities/1/spend')).body).toEqual({ days: [] });
  });

  test('shows what status and audit print', async () => {
    const { body } = await shown().ask<PipelineAnswer>('/api/pipeline');
    expect(body.status).toEqual(JSON.parse(JSON.stringify(await status(shown().session))));
    expect(body.status).toMatchObject({ lag: 0, profilesUpToDate: true });
    const report = await audit(auditContext(shown().session));
    expect((await shown().ask('/api/audit')).body).toMatchObject(JSON.parse(JSON.stringify(report)));
    expect((await shown().ask('/api/audit')).body).toMatchObject({ balanced: true, lake: { events: 8 } });
  });
});

test('without an overview the customers are there, without segments', async () => {
  const dataset = (await plain.ask<DatasetAnswer>('/api/dataset')).body;
  expect(dataset).toMatchObject({ overview: null, model: 'customer_profiles' });
  expect((await plain.ask('/api/entities?limit=1')).body).toMatchObject({
    total: 3,
    entities: [{ user_id: '3', total_spent: '100.00' }],
  });
  expect(await plain.ask('/api/entities?segment=buyer')).toMatchObject({ status: 400 });
});

test('without a model there are no customers, and nothing to compute or publish', async () => {
  expect((await bare.ask('/api/dataset')).body).toMatchObject({
    overview: null,
    model: null,
    profileColumns: [],
  });
  for (const url of ['/api/entities', '/api/entities/1'])
    expect(await bare.ask(url)).toMatchObject({
      status: 404,
      body: { error: { code: 'dataset:no_model' } },
    });
  const { body } = await bare.ask<PipelineAnswer>('/api/pipeline');
  expect(body.hops.map(({ name, rows, note }) => [name, rows, note])).toEqual([
    ['ingest', 10, null],
    ['archive', 10, '2 of them rejected'],
    ['publish', null, 'nothing to publish without a model'],
  ]);
});
