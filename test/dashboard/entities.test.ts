import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { EntitiesAnswer } from '../../dashboard/api.ts';
import { Shown, SMALL } from './fixtures.ts';

let shown: Shown;
beforeAll(async () => {
  shown = await Shown.open();
  await shown.run(SMALL);
});
afterAll(() => shown.close());

describe('the customers', () => {
  const ids = async (query: string) => {
    const { body } = await shown.ask<EntitiesAnswer>(`/api/entities${query}`);
    return [body.total, ...body.entities.map((customer) => customer.user_id)];
  };

  test('come with those first who spent most', async () => {
    expect(await ids('')).toEqual([3, '3', '1', '1515915625519388267']);
  });

  test('are sorted by any column, either way, and a page at a time', async () => {
    expect(await ids('?sort=user_id&order=asc')).toEqual([3, '1', '3', '1515915625519388267']);
    expect(await ids('?sort=user_id&order=desc&limit=1&offset=1')).toEqual([3, '3']);
    expect(await ids('?sort=average_order_value&order=asc')).toEqual([3, '1', '3', '1515915625519388267']);
    expect(await ids('?offset=3')).toEqual([3]);
  });

  test('are found by the beginning of their id, and by segment', async () => {
    expect(await ids('?q=15')).toEqual([1, '1515915625519388267']);
    expect(await ids('?q=1&sort=user_id&order=asc')).toEqual([2, '1', '1515915625519388267']);
    expect(await ids('?q=15&segment=buyer')).toEqual([0]);
    expect(await ids('?segment=buyer')).toEqual([2, '3', '1']);
  });

  test('have counts as numbers, ids and money as text', async () => {
    const { body } = await shown.ask<EntitiesAnswer>('/api/entities?q=1515');
    expect(body.entities[0]).toMatchObject({
      user_id: '1515915625519388267',
      views: 2,
      total_spent: '0.00',
    });
  });
});

describe('one customer', () => {
  test('has a profile', async () => {
    expect((await shown.ask('/api/entities/1')).body).toMatchObject({
      user_id: '1',
      first_seen: '2020-10-30T23:59:59Z',
      events: 3,
      purchases: 1,
      total_spent: '12.34',
      favourite_category: 'a',
      cart_to_purchase: 1,
      segment: 'buyer',
    });
  });

  test('has events as the archive holds them, newest first', async () => {
    const { body } = await shown.ask<{ events: object[] }>('/api/entities/1/events?limit=3');
    expect(body).toMatchObject({
      total: 4,
      events: [{ event_type: 'purchase' }, { event_type: 'purchase' }, { event_type: 'cart' }],
    });
    expect(body.events[0]).toEqual({
      event_time: '2020-10-31T00:00:01Z',
      event_type: 'purchase',
      product_id: '7',
      category_id: '2144415922528452715',
      category_code: 'a',
      brand: 'x',
      price: '12.34',
      user_id: '1',
      user_session: 's1',
      logPartition: expect.any(Number),
      logOffset: expect.stringMatching(/^\d+$/),
    });
    expect((await shown.ask('/api/entities/1/events?limit=3&offset=3')).body).toMatchObject({
      total: 4,
      events: [{ event_type: 'view' }],
    });
  });

  test('has sessions over distinct events, newest first', async () => {
    expect((await shown.ask('/api/entities/1/sessions')).body).toEqual({
      sessions: [
        {
          session: 's1',
          first: '2020-10-30T23:59:59Z',
          last: '2020-10-31T00:00:01Z',
          events: 3,
          counts: { view: 1, cart: 1, purchase: 1 },
          spent: '12.34',
        },
      ],
    });
    expect((await shown.ask('/api/entities/1515915625519388267/sessions')).body).toMatchObject({
      sessions: [
        { session: 's3', events: 1, spent: '0.00' },
        { session: 's2', events: 1 },
      ],
    });
    expect((await shown.ask('/api/entities/3/sessions')).body).toMatchObject({
      sessions: [{ session: null, events: 2, spent: '100.00' }],
    });
  });

  test('has spent what distinct purchases cost, day by day', async () => {
    expect((await shown.ask('/api/entities/1/spend')).body).toEqual({
      days: [{ day: '2020-10-31', spent: '12.34', total: '12.34' }],
    });
    expect((await shown.ask('/api/entities/1515915625519388267/spend')).body).toEqual({ days: [] });
  });

  test.each(['', '/events', '/sessions', '/spend'])(
    'that nobody knows is 404, and what is no id is 400: %s',
    async (of) => {
      expect(await shown.ask(`/api/entities/2${of}`)).toMatchObject({
        status: 404,
        body: { error: { code: 'entity:unknown' } },
      });
      for (const id of ['x', '1.5', '9223372036854775808', "1'%20OR%201=1--", '%00', '1%2F2']) {
        expect((await shown.ask(`/api/entities/${id}${of}`)).status).toBe(400);
      }
    },
  );
});
