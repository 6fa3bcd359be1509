import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Row } from '../../core/row.ts';
import { runModel } from '../../processing/model.ts';
import { type Electronics, electronics, line, Workplace } from './fixtures.ts';

let place: Workplace;
let shop: Electronics;
beforeAll(async () => {
  place = await Workplace.create();
  shop = await electronics();
});
afterAll(() => place.remove());

async function profilesOf(lines: readonly string[]): Promise<Row[]> {
  const context = place.modelContext(shop, await place.eventsOf(shop.dataset, lines));
  expect(await runModel(context)).toMatchObject({ outcome: 'computed', version: 0n });
  return place.rows(context.table, 'user_id');
}

/** The latest event of all, so that the others are at known distances from it. */
const LATEST = line('999');

describe('a customer profile', () => {
  test('of one view has every column, with the types of the table', async () => {
    const one = line('1515915625519388267', {
      event_time: '2020-10-30 11:59:59 UTC',
      price: '31.90',
      brand: 'asus',
      category_code: 'computers.notebook',
      user_session: 's1',
    });
    expect((await profilesOf([one, LATEST]))[1]).toEqual({
      user_id: 1515915625519388267n,
      first_seen: '2020-10-30T11:59:59Z',
      last_seen: '2020-10-30T11:59:59Z',
      events: 1n,
      views: 1n,
      carts: 0n,
      removals: 0n,
      purchases: 0n,
      sessions: 1n,
      active_days: 1n,
      products: 1n,
      brands: 1n,
      categories: 1n,
      total_spent: '0.00',
      average_order_value: null,
      largest_purchase: null,
      average_viewed_price: 31.9,
      favourite_category: 'computers.notebook',
      favourite_brand: 'asus',
      view_to_cart: 0,
      cart_to_purchase: null,
      recency_days: 1,
      segment: 'visitor',
    });
  });

  test.each<[string, string[], Partial<Row>]>([
    [
      'without brand, category and session has none of them',
      [line('1'), line('1', { product_id: '2' })],
      {
        events: 2n,
        sessions: 0n,
        brands: 0n,
        categories: 0n,
        products: 2n,
        favourite_brand: null,
        favourite_category: null,
      },
    ],
    [
      'counts an event that is there three times once, be its empty field null or ""',
      [
        line('1', { event_type: 'purchase', price: '5.50' }),
        line('1', { event_type: 'purchase', price: '5.5' }),
        line('1', { event_type: 'purchase', price: '5.50', user_session: '', brand: '' }),
      ],
      { events: 1n, purchases: 1n, total_spent: '5.50', segment: 'buyer' },
    ],
    [
      'takes events that differ in one column only for two',
      [
        line('1'),
        line('1', { user_session: 's' }),
        line('1', { category_id: '2144415922528452716' }),
        line('1', { price: '1.01' }),
        line('1', { event_time: '2020-10-31 11:59:59 UTC' }),
      ],
      { events: 5n, views: 5n, products: 1n, sessions: 1n, active_days: 1n },
    ],
    [
      'adds up what was bought, to the cent',
      [
        line('1', { event_type: 'purchase', price: '10.00' }),
        line('1', { event_type: 'purchase', price: '20.50' }),
        line('1', { event_type: 'purchase', price: '0.01' }),
        line('1', { price: '1000' }),
      ],
      {
        purchases: 3n,
        total_spent: '30.51',
        average_order_value: 30.51 / 3,
        largest_purchase: '20.50',
        average_viewed_price: 1000,
        view_to_cart: 0,
        cart_to_purchase: null,
        segment: 'loyal',
      },
    ],
    [
      'adds up the largest prices that there can be',
      [
        line('1', { event_type: 'purchase', price: '9999999999.99' }),
        line('1', { event_type: 'purchase', price: '9999999999.99', product_id: '2' }),
      ],
      {
        total_spent: '19999999999.98',
        largest_purchase: '9999999999.99',
        average_order_value: 9999999999.99,
        average_viewed_price: null,
        view_to_cart: null,
      },
    ],
    [
      'of free purchases has spent nothing, on average too',
      [line('1', { event_type: 'purchase', price: '0' })],
      { total_spent: '0.00', average_order_value: 0, largest_purchase: '0.00', segment: 'buyer' },
    ],
    [
      'divides carts by views and purchases by carts',
      [
        ...[1, 2, 3, 4].map((n) => line('1', { product_id: String(n) })),
        line('1', { event_type: 'cart' }),
        line('1', { event_type: 'remove_from_cart' }),
      ],
      {
        views: 4n,
        carts: 1n,
        removals: 1n,
        purchases: 0n,
        events: 6n,
        view_to_cart: 0.25,
        cart_to_purchase: 0,
        segment: 'cart_abandoner',
      },
    ],
    [
      'may have more carts than views, and more purchases than carts',
      [
        line('1'),
        line('1', { event_type: 'cart' }),
        line('1', { event_type: 'cart', product_id: '2' }),
        ...[1, 2, 3].map((n) => line('1', { event_type: 'purchase', product_id: String(n) })),
      ],
      { view_to_cart: 2, cart_to_purchase: 1.5, segment: 'loyal' },
    ],
    [
      'of two sessions without a cart is one who came back',
      [line('1', { user_session: 'a' }), line('1', { user_session: 'b' }), line('1')],
      { sessions: 2n, segment: 'returning_visitor' },
    ],
    [
      'of a removal alone is a visitor',
      [line('1', { event_type: 'remove_from_cart' })],
      { removals: 1n, segment: 'visitor' },
    ],
    [
      'counts days by UTC',
      [
        line('1', { event_time: '2020-10-30 23:59:59 UTC' }),
        line('1', { event_time: '2020-10-31 00:00:00 UTC' }),
        line('1', { event_time: '2020-10-31 11:00:00 UTC' }),
      ],
      {
        active_days: 2n,
        first_seen: '2020-10-30T23:59:59Z',
        last_seen: '2020-10-31T11:00:00Z',
        recency_days: 0,
      },
    ],
    [
      'prefers what is most frequent',
      [
        line('1', { brand: 'a', category_code: 'x' }),
        ...[2, 3].map((n) => line('1', { brand: 'b', category_code: 'y', product_id: String(n) })),
        ...[4, 5, 6].map((n) => line('1', { product_id: String(n) })),
      ],
      { favourite_brand: 'b', favourite_category: 'y', brands: 2n, categories: 2n },
    ],
    [
      'prefers of equally frequent ones the alphabetically first',
      [
        ...[1, 2].map((n) => line('1', { brand: 'samsung', category_code: 'b.z', product_id: String(n) })),
        ...[3, 4].map((n) => line('1', { brand: 'apple', category_code: 'b', product_id: String(n) })),
      ],
      { favourite_brand: 'apple', favourite_category: 'b' },
    ],
    [
      'does not let copies of an event decide its favourites',
      [
        ...[1, 2, 3].map(() => line('1', { brand: 'b' })),
        line('1', { brand: 'a', product_id: '2' }),
        line('1', { brand: 'a', product_id: '3' }),
      ],
      { favourite_brand: 'a', events: 3n },
    ],
  ])('%s', async (_what, lines, expected) => {
    const [first] = await profilesOf([...lines, LATEST]);
    expect(first).toMatchObject({ user_id: 1n, ...expected });
  });

  test('is as many whole days old as there are between its last event and the last of all', async () => {
    const times = [
      '2020-10-31 12:00:00',
      '2020-10-30 12:00:01',
      '2020-10-30 12:00:00',
      '2020-10-30 11:59:59',
      '2020-10-01 12:00:00',
      '2019-10-31 12:00:00',
    ];
    const profiles = await profilesOf(times.map((time, i) => line(String(i), { event_time: `${time} UTC` })));
    expect(profiles.map(({ recency_days }) => recency_days)).toEqual([0, 0, 1, 1, 30, 366]);
  });

  test('is of one user only, also where ids differ beyond the 53rd bit or sessions are shared', async () => {
    const ids = ['9007199254740992', '9007199254740993', '9223372036854775807', '0'];
    const profiles = await profilesOf(ids.map((id) => line(id, { user_session: 'shared' })));
    expect(profiles.map(({ user_id, events, sessions }) => [user_id, events, sessions])).toEqual(
      [0n, 9007199254740992n, 9007199254740993n, 9223372036854775807n].map((id) => [id, 1n, 1n]),
    );
  });
});
