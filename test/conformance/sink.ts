import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { hasCode } from '../../core/errors.ts';
import type { Sink, SinkField, SinkForm } from '../../core/sink.ts';
import { type Change, fileOf as writeChanges } from './changes-file.ts';

/** A copy of its own, and a view of it that does not go through the adapter. */
export interface SinkUnderTest {
  /** Another adapter for the same copy, as another process would have. */
  connect(): Sink;
  /** What a person finds: the rows by id, without columns that are null. */
  documents(): Promise<Record<string, unknown>>;
}

const FIELDS: SinkField[] = [
  { name: 'user_id', type: 'string', key: true },
  { name: 'purchases', type: 'long', key: false },
  { name: 'total_spent', type: 'double', key: false },
  { name: 'loyal', type: 'boolean', key: false },
  { name: 'last_seen', type: 'timestamp', key: false },
  { name: 'note', type: 'string', key: false },
];

/** A line that a sink gave, as the id and the row. */
function rowOf(line: string, form: SinkForm): [string, Record<string, unknown>] {
  const [first = '', ...values] = line.split('\t');
  if (form === 'documents') return [JSON.parse(first), JSON.parse(values.join('\t'))];
  expect(first).toBe('f');
  const [user_id = '', purchases, , , , note = ''] = values;
  return [user_id, { user_id, purchases: Number(purchases), ...(note === '\\N' ? {} : { note }) }];
}

/** The id of the table that the index shows. */
const TABLE = 'table-1';

const put = (id: string, purchases: number): Change => ({
  id,
  document: JSON.stringify({ user_id: id, purchases }),
});
const remove = (id: string): Change => ({ id, document: null });

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
  const anyFailure = { code: expect.stringMatching(/^(index|warehouse):/) };

  describe(`sink: ${name}`, () => {
    let subject: SinkUnderTest;
    let index: Sink;
    let connected: Sink[];

    function fileOf(changes: readonly Change[], fields = FIELDS): string {
      return writeChanges(changes, form, fields);
    }

    function connect(): Sink {
      const another = subject.connect();
      connected.push(another);
      return another;
    }
    beforeEach(() => {
      subject = make();
      connected = [];
      index = connect();
    });
    afterEach(async () => {
      await index.wipe();
      for (const each of connected) await each.close();
    });

    /** Opens, applies and finishes as one undisturbed process does; answers with what `open` said. */
    async function publish(
      changes: Change[],
      version: bigint,
      fields = FIELDS,
      table = TABLE,
    ): Promise<bigint | null> {
      const publisher = connect();
      const shown = await publisher.open(fields, table);
      await publisher.apply(fileOf(changes, fields), version);
      await publisher.finish(version);
      return shown;
    }
    /** The same, started over as the pipeline does it when another writer was faster. */
    async function publishAmongOthers(changes: Change[], version: bigint): Promise<bigint | null> {
      try {
        return await publish(changes, version);
      } catch (error) {
        if (!hasCode(error, 'warehouse:superseded')) throw error;
        return publishAmongOthers(changes, version);
      }
    }
    /** Purchases by id, as a search finds them. */
    async function purchases(): Promise<Record<string, number>> {
      const documents = (await subject.documents()) as Record<string, { purchases: number }>;
      return Object.fromEntries(Object.entries(documents).map(([id, document]) => [id, document.purchases]));
    }

    test('shows no version and no documents when it is new, and can be wiped when it is not there', async () => {
      await index.wipe();
      expect(await index.count()).toBe(0);
      expect(await index.open(FIELDS, TABLE)).toBeNull();
      expect(await index.count()).toBe(0);
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
      expect(await index.open(FIELDS, TABLE)).toBeNull();
      await index.apply(fileOf([{ id: document.user_id, document: JSON.stringify(document) }]), 0n);
      expect(await index.count()).toBe(0);
      expect(await subject.documents()).toEqual({});
      await index.finish(0n);
      expect(await index.count()).toBe(1);
      expect(await subject.documents()).toEqual({ [document.user_id]: document });
      expect(await connect().open(FIELDS, TABLE)).toBe(0n);
    });

    test('stores, replaces and deletes; what is not there may be deleted', async () => {
      await publish([put('a', 1), put('b', 1), put('c', 1)], 4n);
      expect(await publish([put('b', 2), remove('c'), remove('never'), put('d', 2)], 5n)).toBe(4n);
      expect(await purchases()).toEqual({ a: 1, b: 2, d: 2 });
      expect(await index.count()).toBe(3);
      expect(await index.open(FIELDS, TABLE)).toBe(5n);
    });

    test('shows the version before while the next is applied', async () => {
      await publish([put('a', 1), put('b', 1)], 1n);
      await index.open(FIELDS, TABLE);
      await index.apply(fileOf([put('a', 2), remove('b'), put('c', 2)]), 2n);
      expect(await purchases()).toEqual({ a: 1, b: 1 });
      await index.finish(2n);
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
      expect(await index.open(FIELDS, TABLE)).toBeNull();
      for (const version of [1n, 2n, 3n]) {
        await index.apply(fileOf([put('a', Number(version)), put(`only-${version}`, 0)]), version);
        await index.finish(version);
      }
      expect(await purchases()).toEqual({ a: 3, 'only-1': 0, 'only-2': 0, 'only-3': 0 });
      expect(await connect().open(FIELDS, TABLE)).toBe(3n);
    });

    test('nothing to change is a version too, and so is an empty table', async () => {
      await publish([], 1n);
      expect(await index.open(FIELDS, TABLE)).toBe(1n);
      expect(await index.count()).toBe(0);
      await publish([], 2n);
      expect(await index.open(FIELDS, TABLE)).toBe(2n);
    });

    test('takes more documents than go into one request, in parts, and counts them', async () => {
      const many = Array.from({ length: 25_001 }, (_, n) => put(`user-${n}`, n));
      await publish(many, 1n);
      expect(await index.count()).toBe(25_001);
      await index.open(FIELDS, TABLE);
      let turns = 0;
      const next = fileOf([...many.slice(1).map(({ id }) => remove(id)), put('large', 5)]);
      let told = 0;
      const counts = await index.apply(next, 2n, (changes = told) => {
        turns += 1;
        expect(changes).toBeGreaterThanOrEqual(told);
        told = changes;
      });
      expect(told).toBe(25_001);
      await index.finish(2n);
      expect(counts).toEqual({ stored: 1, deleted: 25_000 });
      expect(turns).toBeGreaterThan(1);
      expect(await purchases()).toEqual({ 'user-0': 0, large: 5 });
    });

    test('gives all documents that it shows, once each, and none when it is not there', async () => {
      const pages = async () => {
        const all: [string, Record<string, unknown>][] = [];
        for await (const page of index.pages(FIELDS)) all.push(...page.map((line) => rowOf(line, form)));
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
      const documents = (await subject.documents()) as Record<string, { user_id: string }>;
      expect(Object.keys(documents).sort()).toEqual([...ids].sort());
      for (const id of ids) expect(documents[id]?.user_id).toBe(id);
    });

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
      expect(await index.open(FIELDS, TABLE)).toBe(5n);
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
      expect(await index.open(FIELDS, TABLE)).toBe(2n);
    });

    test('several may make and fill a new index at once', async () => {
      const changes = Array.from({ length: 100 }, (_, n) => put(`${n}`, n));
      await Promise.all([1, 2, 3, 4].map(() => publishAmongOthers(changes, 7n)));
      expect(await index.count()).toBe(100);
      expect(await index.open(FIELDS, TABLE)).toBe(7n);
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
          expect(await index.open(FIELDS, TABLE)).toBe(3n);
        },
      );
    });

    describe('other fields', () => {
      const OTHER: SinkField[] = [...FIELDS.slice(0, 2), { name: 'segment', type: 'string', key: false }];

      test('make a new index, which people see only when it is complete', async () => {
        await publish([put('a', 1), put('b', 1)], 1n);
        expect(await index.open(OTHER, TABLE)).toBeNull();
        const document = { user_id: 'a', purchases: 2, segment: 'buyer' };
        await index.apply(fileOf([{ id: 'a', document: JSON.stringify(document) }], OTHER), 2n);
        expect(await purchases()).toEqual({ a: 1, b: 1 });
        await index.finish(2n);
        expect(await subject.documents()).toEqual({ a: document });
        expect(await connect().open(OTHER, TABLE)).toBe(2n);
        expect(await connect().open(FIELDS, TABLE)).toBeNull();
      });

      test('are not the same fields in another order', async () => {
        await publish([put('a', 1)], 1n);
        expect(await index.open(FIELDS.toReversed(), TABLE)).toBe(1n);
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
        expect(await index.open(FIELDS, 'table-2')).toBeNull();
        await index.apply(fileOf([put('a', 2), put('b', 2)]), 2n);
        expect(await purchases()).toEqual({ a: 9, gone: 9 });
        await index.finish(2n);
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
        expect(await index.open(FIELDS, null)).toBeNull();
        expect(await publish([put('a', 1)], 0n)).toBeNull();
        expect(await purchases()).toEqual({ a: 1 });
      });
    });

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
      expect(await index.open(FIELDS, TABLE)).toBe(1n);
      expect(await purchases()).toEqual({ a: 1 });
    });

    test('is sent again after it was told to forget what it shows, with the version that it had', async () => {
      await publish([put('a', 1), put('b', 1)], 1n);
      await index.forget();
      expect(await publish([put('a', 2), put('c', 2)], 1n)).toBeNull();
      expect(await purchases()).toEqual({ a: 2, c: 2 });
      expect(await index.open(FIELDS, TABLE)).toBe(1n);
    });

    test('is gone when wiped, and can be made again from its first version', async () => {
      await publish([put('a', 9)], 9n);
      await index.wipe();
      expect(await index.count()).toBe(0);
      expect(await publish([put('b', 1)], 1n)).toBeNull();
      expect(await purchases()).toEqual({ b: 1 });
      await index.wipe();
      await index.wipe();
      expect(await index.open(FIELDS, TABLE)).toBeNull();
    });
  });
}
