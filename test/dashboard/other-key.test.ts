import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Shown, SMALL } from './fixtures.ts';

/** The same events of the same customers, in a log that is keyed by product. */
let byCustomer: Shown;
let byProduct: Shown;
beforeAll(async () => {
  byCustomer = await Shown.open();
  await byCustomer.run(SMALL);
  byProduct = await Shown.open({ change: (dataset) => ({ ...dataset, key: 'product_id' }) });
  await byProduct.run(SMALL);
});
afterAll(async () => {
  await byCustomer?.close();
  await byProduct?.close();
});

describe("a dataset whose key is not its model's", () => {
  test('has each customer in the segment of the profile', async () => {
    expect((await byProduct.ask('/api/overview')).body).toMatchObject({ entities: 3, buyers: 2 });
    expect((await byProduct.ask('/api/dataset')).body).toMatchObject({ key: 'user_id' });
    expect((await byProduct.ask('/api/entities/1')).body).toMatchObject({ user_id: '1' });
  });

  test.each([
    '/api/overview',
    '/api/overview?segment=buyer',
    '/api/overview/days?segment=buyer',
    '/api/overview/spend',
    '/api/overview/categories?segment=loyal',
    '/api/overview/brands',
    '/api/entities',
    '/api/entities?segment=buyer&q=1',
    '/api/entities/1',
    '/api/entities/1/sessions',
    '/api/entities/3/spend',
  ])('shows the same at %s as one with the same key', async (url) => {
    const { status, body } = await byProduct.ask(url);
    expect(status).toBe(200);
    expect(body).toEqual((await byCustomer.ask(url)).body);
  });

  test("finds a customer's events, and no product's", async () => {
    const events = async (shown: Shown) => {
      const { body } = await shown.ask<{ total: number; events: { event_time: string }[] }>(
        '/api/entities/1/events',
      );
      return [body.total, body.events.map(({ event_time }) => event_time)];
    };
    expect(await events(byProduct)).toEqual(await events(byCustomer));
    expect(await byProduct.ask('/api/entities/987654321')).toMatchObject({
      status: 404,
      body: { error: { code: 'entity:unknown' } },
    });
  });
});
