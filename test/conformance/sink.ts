import { describe, expect, test } from '@jest/globals';
import type { SinkForm } from '../../core/sink.ts';
import { FIELDS, put, remove, type SinkUnderTest, sinkSubject, TABLE } from './sink-subject.ts';
import { describeSinkVersions } from './sink-versions.ts';

/** A line that a sink gave, as the id and the row. */
function rowOf(line: string, form: SinkForm): [string, Record<string, unknown>] {
  const [first = '', ...values] = line.split('\t');
  if (form === 'documents') return [JSON.parse(first), JSON.parse(values.join('\t'))];
  expect(first).toBe('f');
  const [user_id = '', purchases, , , , note = ''] = values;
  return [user_id, { user_id, purchases: Number(purchases), ...(note === '\\N' ? {} : { note }) }];
}

/**
 * What every {@link Sink} must do. `make` gives a copy that does not exist yet. A sink that takes rows
 * publishes in one transaction: of what was not finished, nothing is left. One that writes in parts shows
 * some of them earlier.
 */
export function describeSink(
  name: string,
  form: SinkForm,
  make: () => SinkUnderTest,
  isInParts = false,
): void {
  const rejected = form === 'rows' ? 'warehouse:rejected' : 'index:rejected';

  describe(`sink: ${name}`, () => {
    const at = sinkSubject(form, make);
    const { connect, fileOf, publish, purchases } = at;

    test('shows no version and no documents when it is new, and can be wiped when it is not there', async () => {
      await at.index.wipe();
      expect(await at.index.count()).toBe(0);
      expect(await at.index.open(FIELDS, TABLE)).toBeNull();
      expect(await at.index.count()).toBe(0);
      expect(await connect().open(FIELDS, TABLE)).toBeNull();
    });

    test('shows documents and their version once it is finished, not before', async () => {
      const document = {
        user_id: '1515915625519388267',
        purchases: 3,
        total_spent: 1234.56,
        loyal: true,
        last_seen: '2021-02-28T23:59:59Z',
      };
      expect(await at.index.open(FIELDS, TABLE)).toBeNull();
      await at.index.apply(fileOf([{ id: document.user_id, document: JSON.stringify(document) }]), 0n);
      expect(await at.index.count()).toBe(0);
      expect(await at.documents()).toEqual({});
      await at.index.finish(0n);
      expect(await at.index.count()).toBe(1);
      expect(await at.documents()).toEqual({ [document.user_id]: document });
      expect(await connect().open(FIELDS, TABLE)).toBe(0n);
    });

    test('stores, replaces and deletes; what is not there may be deleted', async () => {
      await publish([put('a', 1), put('b', 1), put('c', 1)], 4n);
      expect(await publish([put('b', 2), remove('c'), remove('never'), put('d', 2)], 5n)).toBe(4n);
      expect(await purchases()).toEqual({ a: 1, b: 2, d: 2 });
      expect(await at.index.count()).toBe(3);
      expect(await at.index.open(FIELDS, TABLE)).toBe(5n);
    });

    test('shows the version before while the next is applied', async () => {
      await publish([put('a', 1), put('b', 1)], 1n);
      await at.index.open(FIELDS, TABLE);
      await at.index.apply(fileOf([put('a', 2), remove('b'), put('c', 2)]), 2n);
      expect(await purchases()).toEqual({ a: 1, b: 1 });
      await at.index.finish(2n);
      expect(await purchases()).toEqual({ a: 2, c: 2 });
    });

    const inOneStep = form === 'rows' && !isInParts ? test : test.skip;
    inOneStep('shows the version before or the next while it is published, and nothing between', async () => {
      const all = (version: number) => Array.from({ length: 3000 }, (_, n) => put(`${n}`, version));
      await publish(all(1), 1n);
      let isPublishing = true;
      const reading = (async () => {
        const seen = new Set<string>();
        while (isPublishing) seen.add([...new Set(Object.values(await purchases()))].join());
        return seen;
      })();
      for (let version = 2; version <= 5; version++) {
        const gone = version % 2 === 0 ? [remove('0')] : [];
        await publish([...all(version).slice(gone.length), ...gone], BigInt(version));
      }
      isPublishing = false;
      const seen = await reading;
      expect([...seen].filter((versions) => !/^[1-5]$/.test(versions))).toEqual([]);
      expect(seen.size).toBeGreaterThan(1);
      expect(Object.keys(await purchases())).toHaveLength(3000);
    });

    test('one adapter may publish version after version', async () => {
      expect(await at.index.open(FIELDS, TABLE)).toBeNull();
      for (const version of [1n, 2n, 3n]) {
        await at.index.apply(fileOf([put('a', Number(version)), put(`only-${version}`, 0)]), version);
        await at.index.finish(version);
      }
      expect(await purchases()).toEqual({ a: 3, 'only-1': 0, 'only-2': 0, 'only-3': 0 });
      expect(await connect().open(FIELDS, TABLE)).toBe(3n);
    });

    test('nothing to change is a version too, and so is an empty table', async () => {
      await publish([], 1n);
      expect(await at.index.open(FIELDS, TABLE)).toBe(1n);
      expect(await at.index.count()).toBe(0);
      await publish([], 2n);
      expect(await at.index.open(FIELDS, TABLE)).toBe(2n);
    });

    test('takes more documents than go into one request, in parts, and counts them', async () => {
      const many = Array.from({ length: 25_001 }, (_, n) => put(`user-${n}`, n));
      await publish(many, 1n);
      expect(await at.index.count()).toBe(25_001);
      await at.index.open(FIELDS, TABLE);
      let turns = 0;
      const next = fileOf([...many.slice(1).map(({ id }) => remove(id)), put('large', 5)]);
      let told = 0;
      const counts = await at.index.apply(next, 2n, (changes = told) => {
        turns += 1;
        expect(changes).toBeGreaterThanOrEqual(told);
        told = changes;
      });
      expect(told).toBe(25_001);
      await at.index.finish(2n);
      expect(counts).toEqual({ stored: 1, deleted: 25_000 });
      expect(turns).toBeGreaterThan(1);
      expect(await purchases()).toEqual({ 'user-0': 0, large: 5 });
    });

    test('gives all documents that it shows, once each, and none when it is not there', async () => {
      const pages = async () => {
        const all: [string, Record<string, unknown>][] = [];
        for await (const page of at.index.pages(FIELDS)) all.push(...page.map((line) => rowOf(line, form)));
        return all;
      };
      expect(await pages()).toEqual([]);
      const many = Array.from({ length: 12_001 }, (_, n) => put(`user-${n}`, n));
      await publish(
        [...many, { id: 'long', document: JSON.stringify({ user_id: 'long', note: 'x'.repeat(5_000_000) }) }],
        1n,
      );
      const found = await pages();
      expect(found).toHaveLength(12_002);
      const byId = new Map(found);
      expect(byId.size).toBe(12_002);
      expect(byId.get('user-12000')).toEqual({ user_id: 'user-12000', purchases: 12_000 });
      expect(byId.get('long')?.note).toHaveLength(5_000_000);
    });

    test('keeps ids to the last digit and character', async () => {
      const ids = ['9223372036854775807', '1515915625519388267', '1515915625519388268', 'a/b "c" ü\n😀 \\'];
      await publish(
        ids.map((id, n) => put(id, n)),
        1n,
      );
      const documents = (await at.documents()) as Record<string, { user_id: string }>;
      expect(Object.keys(documents).sort()).toEqual([...ids].sort());
      for (const id of ids) expect(documents[id]?.user_id).toBe(id);
    });

    describeSinkVersions(at, form, isInParts);

    test.each([
      ...(form === 'rows'
        ? []
        : [['a field that is not declared', { purchases: 1, surprise: 1 }, 'surprise'] as const]),
      ['a value of the wrong type', { purchases: 'many' }, 'purchases'],
      ['a date that is none', { last_seen: '2021-02-30T00:00:00Z' }, 'last_seen'],
    ])('%s is refused with id and field, and the version stays', async (_, document, field) => {
      await publish([put('a', 1)], 1n);
      const refused = publish([put('a', 2), { id: 'bad-1', document: JSON.stringify(document) }], 2n);
      await expect(refused).rejects.toMatchObject({
        code: rejected,
        retriable: false,
        message: expect.stringMatching(new RegExp(`bad-1.*${field}`)),
      });
      expect(await at.index.open(FIELDS, TABLE)).toBe(1n);
      expect(await purchases()).toEqual({ a: 1 });
    });

    test('is sent again after it was told to forget what it shows, with the version that it had', async () => {
      await publish([put('a', 1), put('b', 1)], 1n);
      await at.index.forget();
      expect(await publish([put('a', 2), put('c', 2)], 1n)).toBeNull();
      expect(await purchases()).toEqual({ a: 2, c: 2 });
      expect(await at.index.open(FIELDS, TABLE)).toBe(1n);
    });

    test('is gone when wiped, and can be made again from its first version', async () => {
      await publish([put('a', 9)], 9n);
      await at.index.wipe();
      expect(await at.index.count()).toBe(0);
      expect(await publish([put('b', 1)], 1n)).toBeNull();
      expect(await purchases()).toEqual({ b: 1 });
      await at.index.wipe();
      await at.index.wipe();
      expect(await at.index.open(FIELDS, TABLE)).toBeNull();
    });
  });
}
