import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writtenFile } from '../../adapters/duckdb/file-stats.ts';
import type { Model } from '../../core/dataset.ts';
import { literal } from '../../core/sql.ts';
import type { DeltaTable } from '../../lake/table.ts';
import { publish } from '../../processing/publish.ts';
import { MemoryIndex, Workplace } from './fixtures.ts';

let place: Workplace;
beforeAll(async () => {
  place = await Workplace.create();
});
afterAll(() => place.remove());

const model: Model = { table: 'people', sql: 'people.sql', key: ['id'], audit: { events: 'n' } };

/** Replaces the table by what `query` gives; null: by nothing. */
async function replace(table: DeltaTable, query: string): Promise<void> {
  const path = `${place.folder}/${crypto.randomUUID()}.parquet`;
  const rows = await place.sql.rows(`COPY (${query}) TO ${literal(path)} (FORMAT parquet, RETURN_STATS)`);
  const base = await table.snapshot();
  const fields = [
    { name: 'id', type: 'long', nullable: true },
    { name: 'name', type: 'string', nullable: true },
    { name: 'n', type: 'long', nullable: true },
  ] as const;
  const add = rows.map((row) => writtenFile(fields, row)).filter((file) => file.rows > 0);
  await table.commit({
    base,
    fields,
    partitionBy: [],
    add,
    remove: 'all',
    txns: new Map(),
    operation: 'WRITE',
  });
}

const people = (...rows: [id: string, name: string | null, n: number][]) =>
  rows.length === 0
    ? 'SELECT 0::BIGINT AS id, NULL::VARCHAR AS name, 0::BIGINT AS n WHERE false'
    : `SELECT id::BIGINT AS id, name::VARCHAR AS name, n::BIGINT AS n FROM (VALUES ${rows.map(([id, name, n]) => `(${id}, ${name === null ? 'NULL' : literal(name)}, ${n})`).join()}) AS t(id, name, n)`;

const fileTools = () => place.parts;

function start(index = new MemoryIndex()) {
  const profiles = place.table();
  const context = { model, columns: [], profiles, sink: index, ...fileTools() };
  return { index, profiles, run: () => publish(context) };
}

const documents = (index: MemoryIndex) =>
  Object.fromEntries([...index.documents].map(([id, text]) => [id, JSON.parse(text)]));

describe('publishing', () => {
  test('does nothing while there are no profiles', async () => {
    const { index, run } = start();
    expect(await run()).toEqual({ outcome: 'no_profiles', version: null, stored: 0, deleted: 0 });
    expect(index.fields).toEqual([]);
  });

  test('stores everything at first, nothing when nothing changed, and then only what is new, differs or vanished', async () => {
    const { index, profiles, run } = start();
    await replace(
      profiles,
      people(
        ['1', 'same', 1],
        ['2', 'changes', 1],
        ['3', null, 1],
        ['4', 'vanishes', 1],
        ['5', 'to null', 1],
      ),
    );
    expect(await run()).toEqual({ outcome: 'published', version: 0n, stored: 5, deleted: 0 });
    expect(await run()).toEqual({ outcome: 'up_to_date', version: 0n, stored: 0, deleted: 0 });
    await replace(
      profiles,
      people(['1', 'same', 1], ['2', 'changes', 2], ['3', 'from null', 1], ['5', null, 1], ['6', 'new', 1]),
    );
    expect(await run()).toEqual({ outcome: 'published', version: 1n, stored: 4, deleted: 1 });
    expect(documents(index)).toEqual({
      1: { id: '1', name: 'same', n: 1 },
      2: { id: '2', name: 'changes', n: 2 },
      3: { id: '3', name: 'from null', n: 1 },
      5: { id: '5', name: null, n: 1 },
      6: { id: '6', name: 'new', n: 1 },
    });
    expect(index.calls).toEqual([5, 5]);
  });

  test('deletes everything when no profile is left, and stores everything again when they are back', async () => {
    const { index, profiles, run } = start();
    await replace(profiles, people(['1', 'a', 1], ['2', 'b', 1]));
    await run();
    await replace(profiles, people());
    expect(await run()).toMatchObject({ outcome: 'published', stored: 0, deleted: 2 });
    expect(index.documents.size).toBe(0);
    await replace(profiles, people(['1', 'a', 1]));
    expect(await run()).toMatchObject({ stored: 1, deleted: 0 });
  });

  test('of a table that never had a row shows its version', async () => {
    const { index, profiles, run } = start();
    await replace(profiles, people());
    expect(await run()).toEqual({ outcome: 'published', version: 0n, stored: 0, deleted: 0 });
    expect(index.shown).toBe(0n);
  });

  test('skips versions that it never showed', async () => {
    const { index, profiles, run } = start();
    await replace(profiles, people(['1', 'a', 1]));
    await run();
    await replace(profiles, people(['2', 'b', 1]));
    await replace(profiles, people(['1', 'a', 1], ['3', 'c', 1]));
    expect(await run()).toEqual({ outcome: 'published', version: 2n, stored: 1, deleted: 0 });
    expect([...index.documents.keys()].sort()).toEqual(['1', '3']);
  });

  test('is repeated when it was cut short', async () => {
    const { index, profiles, run } = start();
    await replace(profiles, people(['1', 'a', 1]));
    index.fail = true;
    await expect(run()).rejects.toThrow('the index is gone');
    expect(index.shown).toBeNull();
    index.fail = false;
    expect(await run()).toMatchObject({ stored: 1 });
  });

  test('fills the index again when what it shows can no longer be compared with', async () => {
    const { index, profiles, run } = start();
    await replace(profiles, people(['1', 'a', 1], ['2', 'b', 1]));
    await run();
    const old = (await profiles.snapshot())?.files ?? [];
    await replace(profiles, people(['2', 'b', 1]));
    await place.store.delete(old.map(({ path }) => `${profiles.path}/${path}`));
    expect(await run()).toEqual({ outcome: 'published', version: 1n, stored: 1, deleted: 0 });
    expect([...index.documents.keys()]).toEqual(['2']);
  });

  test('is refused when the index is ahead of the table', async () => {
    const { index, profiles, run } = start();
    await replace(profiles, people(['1', 'a', 1]));
    await run();
    index.shown = 5n;
    await expect(run()).rejects.toMatchObject({
      code: 'index:ahead',
      hint: expect.stringContaining('--republish'),
    });
  });

  test.each([
    ['as many', 1],
    ['fewer', 2],
    ['more', 0],
  ])(
    'of another table, with %s versions, sends everything and leaves nothing of the old one',
    async (_, before) => {
      const { index, run } = start();
      const [old, profiles] = [place.table(), place.table()];
      for (let i = 0; i <= before; i++) await replace(old, people(['1', 'old', i], ['2', 'gone', i]));
      await publish({ model, columns: [], profiles: old, sink: index, ...fileTools() });
      for (let i = 0; i <= 1; i++) await replace(profiles, people(['1', 'new', i]));
      const context = { model, columns: [], profiles, sink: index, ...fileTools() };
      expect(await publish(context)).toEqual({ outcome: 'published', version: 1n, stored: 1, deleted: 0 });
      expect(documents(index)).toEqual({ 1: { id: '1', name: 'new', n: 1 } });
      expect(await publish(context)).toMatchObject({ outcome: 'up_to_date' });
      expect(await run()).toMatchObject({ outcome: 'no_profiles' });
    },
  );

  test('is not finished when the table was deleted meanwhile', async () => {
    const { index, profiles } = start();
    await replace(profiles, people(['1', 'a', 1]));
    const during = Object.assign(Object.create(index), {
      async apply(...args: Parameters<MemoryIndex['apply']>) {
        const counts = await index.apply(...args);
        for await (const { key } of place.store.list(`${profiles.path}/`)) await place.store.delete([key]);
        await replace(profiles, people(['2', 'b', 1]));
        return counts;
      },
    });
    const context = { model, columns: [], profiles, sink: during as MemoryIndex, ...fileTools() };
    await expect(publish(context)).rejects.toMatchObject({ code: 'lake:replaced', retriable: true });
    expect(index.shown).toBeNull();
    expect(await publish({ ...context, sink: index })).toMatchObject({ stored: 1 });
    expect([...index.documents.keys()]).toEqual(['2']);
  });

  test('sends everything again when it is told to, after any change of the index', async () => {
    const { index, profiles, run } = start();
    await replace(profiles, people(['1', 'a', 1], ['2', 'b', 1]));
    await run();
    index.documents.set('1', '{"id":"1","name":"altered","n":1}');
    index.documents.set('3', '{"id":"3","name":"added","n":1}');
    index.documents.delete('2');
    expect(await run()).toMatchObject({ outcome: 'up_to_date' });
    const again = await publish({
      model,
      columns: [],
      profiles,
      sink: index,
      ...fileTools(),
      republish: true,
    });
    expect(again).toEqual({ outcome: 'published', version: 0n, stored: 2, deleted: 0 });
    expect(documents(index)).toEqual({ 1: { id: '1', name: 'a', n: 1 }, 2: { id: '2', name: 'b', n: 1 } });
  });

  test('keeps ids and text of any content', async () => {
    const { index, profiles, run } = start();
    const names = [
      'a\tb\nc\r\nd',
      'e\u2028f\u2029g\u0085h',
      '"\\',
      '\u0000',
      '',
      ' ',
      '😀\ufeff',
      'null',
      '\u000b\u000c',
    ];
    const sql = names.map(
      (name, i) =>
        `SELECT (9223372036854775807 - ${i})::BIGINT AS id, ${name.includes('\0') ? 'chr(0)' : literal(name)} AS name, 1::BIGINT AS n`,
    );
    await replace(profiles, sql.join(' UNION ALL '));
    expect(await run()).toMatchObject({ stored: names.length, deleted: 0 });
    expect(documents(index)).toEqual(
      Object.fromEntries(
        names.map((name, i) => [
          String(9223372036854775807n - BigInt(i)),
          { id: String(9223372036854775807n - BigInt(i)), name, n: 1 },
        ]),
      ),
    );
  });

  test('takes any text as a key; one that is too long for an id is named by its digest', async () => {
    const { index, profiles, run } = start();
    const keys = ['a\tb', 'c\r\nd', '"\\', 'é'.repeat(256), 'é'.repeat(257)];
    const digest = createHash('sha256').update('é'.repeat(257)).digest('hex');
    const select = (n: number) =>
      keys.map((key) => `SELECT ${literal(key)} AS id, 'x' AS name, ${n}::BIGINT AS n`).join(' UNION ALL ');
    await replace(profiles, select(1));
    expect(await run()).toMatchObject({ stored: 5, deleted: 0 });
    const ids = [...keys.slice(0, 4), digest];
    expect(documents(index)).toEqual(
      Object.fromEntries(ids.map((id, i) => [id, { id: keys[i], name: 'x', n: 1 }])),
    );
    await replace(profiles, `${select(1)} LIMIT 0`);
    expect(await run()).toMatchObject({ stored: 0, deleted: 5 });
    expect(index.documents.size).toBe(0);
  });

  test('hands over only what differs of many rows', async () => {
    const { index, profiles, run } = start();
    await replace(profiles, "SELECT i AS id, 'p' || i AS name, 1::BIGINT AS n FROM range(45000) AS r(i)");
    expect(await run()).toMatchObject({ stored: 45_000 });
    expect(index.documents.size).toBe(45_000);
    await replace(
      profiles,
      "SELECT i AS id, 'p' || i AS name, (i % 1000 = 0)::BIGINT AS n FROM range(500, 45500) AS r(i)",
    );
    // Of the 44,500 that stay, the 44 whose id ends in 000 stay as they are; 500 are new.
    expect(await run()).toMatchObject({ stored: 44_500 - 44 + 500, deleted: 500 });
  });
});
