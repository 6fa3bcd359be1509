import { describe, expect, test } from '@jest/globals';
import type { SinkField, SinkForm } from '../../core/sink.ts';
import { FIELDS, put, remove, type SinkSubject, TABLE } from './sink-subject.ts';

/** Of {@link describeSink}: which version is shown after late, rival and interrupted writers, and others. */
export function describeSinkVersions(at: SinkSubject, form: SinkForm, isInParts: boolean): void {
  const { connect, fileOf, publish, publishAmongOthers, purchases } = at;
  const anyFailure = { code: expect.stringMatching(/^(index|warehouse):/) };

  test('a document of an older version changes nothing', async () => {
    await publish([put('a', 5), put('b', 5), remove('gone')], 5n);
    const late = connect();
    await late.open(FIELDS, TABLE);
    await late.apply(fileOf([put('a', 4), remove('b'), put('gone', 4)]), 4n);
    await late.finish(4n);
    await publish([], 6n);
    expect(await purchases()).toEqual({ a: 5, b: 5 });
  });

  test('the version never goes back, and who comes late takes nothing away', async () => {
    const late = connect();
    await late.open(FIELDS, TABLE);
    await publish([put('a', 3), put('b', 3)], 3n);
    await publish([put('a', 5)], 5n);
    await late.apply(fileOf([put('a', 4)]), 4n);
    await late.finish(4n);
    expect(await at.index.open(FIELDS, TABLE)).toBe(5n);
    expect(await purchases()).toEqual({ a: 5, b: 3 });
  });

  test('the same version may be applied and finished again, also by two at once', async () => {
    const changes = [put('a', 1), put('b', 1), remove('c')];
    await publish(changes, 1n);
    await publish(changes, 1n);
    expect(await purchases()).toEqual({ a: 1, b: 1 });
    // A writer in parts ends with `warehouse:superseded` where another was faster.
    const rival = isInParts ? publishAmongOthers : publish;
    await Promise.all([1, 2, 3].map(() => rival([put('a', 2), remove('b')], 2n)));
    expect(await purchases()).toEqual({ a: 2 });
    expect(await at.index.open(FIELDS, TABLE)).toBe(2n);
  });

  test('several may make and fill a new index at once', async () => {
    const changes = Array.from({ length: 100 }, (_, n) => put(`${n}`, n));
    await Promise.all([1, 2, 3, 4].map(() => publishAmongOthers(changes, 7n)));
    expect(await at.index.count()).toBe(100);
    expect(await at.index.open(FIELDS, TABLE)).toBe(7n);
  });

  describe('after an interruption before finish', () => {
    test('the version before is still shown, and publishing again completes the new one', async () => {
      await publish([put('a', 1), put('b', 1)], 1n);
      const interrupted = connect();
      await interrupted.open(FIELDS, TABLE);
      await interrupted.apply(fileOf([put('a', 2)]), 2n);
      expect(await publish([put('a', 2), remove('b'), put('c', 2)], 2n)).toBe(1n);
      expect(await purchases()).toEqual({ a: 2, c: 2 });
    });

    test('a newer version may follow', async () => {
      await publish([put('a', 1), put('b', 1)], 1n);
      const interrupted = connect();
      await interrupted.open(FIELDS, TABLE);
      await interrupted.apply(fileOf([put('a', 2), put('c', 2)]), 2n);
      expect(await publish([put('a', 3), put('c', 3)], 3n)).toBe(1n);
      expect(await purchases()).toEqual({ a: 3, b: 1, c: 3 });
    });

    test('of a first load, documents that the newer version does not have are removed', async () => {
      const interrupted = connect();
      await interrupted.open(FIELDS, TABLE);
      await interrupted.apply(fileOf([put('a', 1), put('vanished', 1)]), 1n);
      expect(await publish([put('a', 2)], 2n)).toBeNull();
      expect(await purchases()).toEqual({ a: 2 });
    });

    const leftovers = form === 'rows' ? test.skip : test;
    leftovers(
      'what the newer changes do not cover is not taken for the new version: all is sent again',
      async () => {
        await publish([put('a', 1), put('b', 1)], 1n);
        const interrupted = connect();
        await interrupted.open(FIELDS, TABLE);
        await interrupted.apply(fileOf([put('back-and-forth', 2), put('a', 2)]), 2n);
        await expect(publish([put('a', 3)], 3n)).rejects.toMatchObject({
          code: 'index:incomplete',
          message: expect.stringContaining('back-and-forth'),
          hint: expect.any(String),
        });
        expect(await publish([put('a', 3), put('b', 1)], 3n)).toBeNull();
        expect(await purchases()).toEqual({ a: 3, b: 1 });
        expect(await at.index.open(FIELDS, TABLE)).toBe(3n);
      },
    );
  });

  describe('other fields', () => {
    const OTHER: SinkField[] = [...FIELDS.slice(0, 2), { name: 'segment', type: 'string', key: false }];

    test('make a new index, which people see only when it is complete', async () => {
      await publish([put('a', 1), put('b', 1)], 1n);
      expect(await at.index.open(OTHER, TABLE)).toBeNull();
      const document = { user_id: 'a', purchases: 2, segment: 'buyer' };
      await at.index.apply(fileOf([{ id: 'a', document: JSON.stringify(document) }], OTHER), 2n);
      expect(await purchases()).toEqual({ a: 1, b: 1 });
      await at.index.finish(2n);
      expect(await at.documents()).toEqual({ a: document });
      expect(await connect().open(OTHER, TABLE)).toBe(2n);
      expect(await connect().open(FIELDS, TABLE)).toBeNull();
    });

    test('are not the same fields in another order', async () => {
      await publish([put('a', 1)], 1n);
      expect(await at.index.open(FIELDS.toReversed(), TABLE)).toBe(1n);
    });

    test('do not take the place of a newer version', async () => {
      const late = connect();
      await late.open(FIELDS, TABLE);
      await late.apply(fileOf([put('a', 1)]), 1n);
      await publish([put('a', 2)], 2n, OTHER);
      await late.finish(1n).catch((error) => expect(error).toMatchObject(anyFailure));
      expect(await purchases()).toEqual({ a: 2 });
      expect(await connect().open(OTHER, TABLE)).toBe(2n);
    });
  });

  describe('another table', () => {
    test.each([
      ['newer', 9n],
      ['the same', 2n],
      ['older', 1n],
    ])('is sent again where %s version of the one before was shown', async (_, before) => {
      await publish([put('a', 9), put('gone', 9)], before);
      expect(await at.index.open(FIELDS, 'table-2')).toBeNull();
      await at.index.apply(fileOf([put('a', 2), put('b', 2)]), 2n);
      expect(await purchases()).toEqual({ a: 9, gone: 9 });
      await at.index.finish(2n);
      expect(await purchases()).toEqual({ a: 2, b: 2 });
      expect(await connect().open(FIELDS, 'table-2')).toBe(2n);
      expect(await publish([put('a', 3)], 3n, FIELDS, 'table-2')).toBe(2n);
      expect(await purchases()).toEqual({ a: 3, b: 2 });
    });

    test('loses what a writer of the one before brings late', async () => {
      await publish([put('a', 8)], 8n);
      const late = connect();
      await late.open(FIELDS, TABLE);
      await late.apply(fileOf([put('a', 9), put('late', 9)]), 9n);
      await publish([put('a', 1)], 1n, FIELDS, 'table-2');
      await expect(late.finish(9n)).rejects.toMatchObject(anyFailure);
      expect(await purchases()).toEqual({ a: 1 });
      expect(await connect().open(FIELDS, 'table-2')).toBe(1n);
    });

    test('may be shown before there is any', async () => {
      expect(await at.index.open(FIELDS, null)).toBeNull();
      expect(await publish([put('a', 1)], 0n)).toBeNull();
      expect(await purchases()).toEqual({ a: 1 });
    });
  });
}
