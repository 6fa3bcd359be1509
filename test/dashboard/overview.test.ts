import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Shown, SMALL } from './fixtures.ts';

// Customer 1 views, carts and buys (the purchase is there twice), 1515915625519388267 views in two sessions,
// 3 removes and buys.
let shown: Shown;
beforeAll(async () => {
  shown = await Shown.open();
  await shown.run(SMALL);
});
afterAll(() => shown.close());

const overview = async (query = '') => (await shown.ask(`/api/overview${query}`)).body;

describe('the overview', () => {
  test('counts archived rows, and of everything else distinct events', async () => {
    expect(await overview()).toEqual({
      dataset: 'electronics',
      versions: { events: '0', customer_profiles: '0' },
      first: '2020-10-30T23:59:59Z',
      last: '2020-11-02T13:00:00Z',
      events: 8,
      duplicates: 1,
      entities: 3,
      buyers: 2,
      revenue: '112.34',
      funnel: [
        { step: 'view', events: 3, entities: 2 },
        { step: 'cart', events: 1, entities: 1 },
        { step: 'purchase', events: 2, entities: 2 },
      ],
      segments: [
        { segment: 'buyer', entities: 2, buyers: 2, revenue: '112.34' },
        { segment: 'returning_visitor', entities: 1, buyers: 0, revenue: '0.00' },
      ],
    });
  });

  test('is narrowed to days, both inclusive, in UTC', async () => {
    expect(await overview('?from=2020-10-31&to=2020-10-31')).toMatchObject({
      first: '2020-10-31T00:00:00Z',
      last: '2020-10-31T00:00:01Z',
      events: 3,
      duplicates: 1,
      entities: 1,
    });
    expect(await overview('?to=2020-10-30')).toMatchObject({ events: 1, buyers: 0, revenue: '0.00' });
    expect(await overview('?from=2020-11-01')).toMatchObject({ events: 4, entities: 2, revenue: '100.00' });
  });

  test('is narrowed to a brand, a category, a segment, and all of them together', async () => {
    expect(await overview('?brand=x')).toMatchObject({
      events: 6,
      entities: 2,
      buyers: 2,
      revenue: '112.34',
    });
    expect(await overview('?category=a')).toMatchObject({
      events: 5,
      entities: 2,
      buyers: 1,
      revenue: '12.34',
    });
    expect(await overview('?segment=returning_visitor')).toMatchObject({
      events: 2,
      entities: 1,
      buyers: 0,
    });
    expect(await overview('?segment=buyer&category=b&brand=x&from=2020-11-02')).toMatchObject({
      events: 1,
      entities: 1,
      revenue: '100.00',
    });
  });

  test('an empty brand or category stands for events without one', async () => {
    expect(await overview('?brand=')).toMatchObject({ events: 1, entities: 1 });
    expect(await overview('?category=')).toMatchObject({
      events: 1,
      funnel: [{ events: 0 }, { events: 0 }, { events: 0 }],
    });
  });

  test('of nothing is nothing', async () => {
    expect(await overview('?brand=nobody')).toMatchObject({
      first: null,
      last: null,
      events: 0,
      entities: 0,
      revenue: '0.00',
      segments: [],
    });
  });
});

test('days without events are there too, with a count for each type', async () => {
  const { body } = await shown.ask('/api/overview/days');
  expect(body).toEqual({
    types: ['view', 'cart', 'remove_from_cart', 'purchase'],
    days: [
      { day: '2020-10-30', counts: [1, 0, 0, 0], revenue: '0.00' },
      { day: '2020-10-31', counts: [0, 1, 0, 1], revenue: '12.34' },
      { day: '2020-11-01', counts: [0, 0, 0, 0], revenue: '0.00' },
      { day: '2020-11-02', counts: [2, 0, 1, 1], revenue: '100.00' },
    ],
  });
});

test('a filter takes days away at the ends only', async () => {
  const { body } = await shown.ask('/api/overview/days?brand=y&from=2020-11-01&to=2020-12-31');
  expect(body).toMatchObject({
    days: [
      { day: '2020-11-01', counts: [0, 0, 0, 0] },
      { day: '2020-11-02', counts: [1, 0, 0, 0] },
    ],
  });
  expect((await shown.ask('/api/overview/days?from=2021-01-01')).body).toMatchObject({ days: [] });
});

test('money spent, from the first bucket with a customer to the last', async () => {
  expect((await shown.ask('/api/overview/spend')).body).toEqual({
    buckets: [
      { from: '10.00', to: '20.00', entities: 1 },
      { from: '20.00', to: '50.00', entities: 0 },
      { from: '50.00', to: '100.00', entities: 0 },
      { from: '100.00', to: '200.00', entities: 1 },
    ],
  });
  expect((await shown.ask('/api/overview/spend?brand=y')).body).toEqual({ buckets: [] });
});

describe('top values', () => {
  test('have the most events; null stands for none', async () => {
    expect((await shown.ask('/api/overview/categories')).body).toEqual({
      items: [
        { value: 'a', events: 4, entities: 2, purchases: 1, revenue: '12.34' },
        { value: 'b', events: 2, entities: 2, purchases: 1, revenue: '100.00' },
        { value: null, events: 1, entities: 1, purchases: 0, revenue: '0.00' },
      ],
      others: null,
    });
  });

  test('leave the rest together, in which a customer of several counts once', async () => {
    expect((await shown.ask('/api/overview/brands?limit=1')).body).toEqual({
      items: [{ value: 'x', events: 5, entities: 2, purchases: 2, revenue: '112.34' }],
      others: { values: 2, events: 2, entities: 1, purchases: 0, revenue: '0.00' },
    });
  });

  test('are narrowed like all', async () => {
    expect((await shown.ask('/api/overview/brands?segment=buyer&to=2020-10-31&limit=2')).body).toEqual({
      items: [{ value: 'x', events: 3, entities: 1, purchases: 1, revenue: '12.34' }],
      others: null,
    });
  });
});
