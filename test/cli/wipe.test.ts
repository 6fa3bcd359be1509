import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import { LocalEventLog } from '../../adapters/local-log/event-log.ts';
import { finishReset, type WipedStores, wipeStores } from '../../cli/wipe.ts';
import type { ObjectStore } from '../../core/contracts.ts';
import { electronics, MemoryIndex } from '../processing/fixtures.ts';

const MARK = 'electronics/_reset.json';

let folder: string;
let store: FileObjectStore;
let index: MemoryIndex;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wipe-'));
  store = new FileObjectStore(join(folder, 'lake'));
  index = new MemoryIndex();
  for (const name of ['events/_delta_log/0.json', 'events/1.parquet', 'rejected/2.parquet'])
    await store.put(`electronics/${name}`, Buffer.from('x'));
  await store.put('other/events/1.parquet', Buffer.from('x'));
  index.documents.set('1', '{}');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function stores(change: Partial<WipedStores> = {}): Promise<WipedStores> {
  const { dataset } = await electronics();
  return {
    dataset,
    settings: { kafka: null },
    log: new LocalEventLog(join(folder, 'log'), 1),
    store,
    publications: [{ table: 'customer_profiles', to: 'elasticsearch', sink: index }],
    ...change,
  };
}
const keys = async () => {
  const found: string[] = [];
  for await (const { key } of store.list('')) found.push(key);
  return found;
};

/** The store, which goes away at the nth deletion. */
function failingAt(n: number): ObjectStore {
  let left = n;
  return Object.assign(Object.create(store) as ObjectStore, {
    put: (key: string, body: Buffer) => store.put(key, body),
    get: (key: string) => store.get(key),
    list: (prefix: string) => store.list(prefix),
    delete: async (deleted: string[]) => {
      if (--left === 0) throw new Error('the store is away');
      await store.delete(deleted);
    },
  });
}

test('wipes everything of the dataset and nothing of others, and leaves no mark', async () => {
  await wipeStores(await stores());
  expect(await keys()).toEqual(['other/events/1.parquet']);
  expect(index.documents.size).toBe(0);
});

test.each([1, 2])('interrupted at its deletion %d, it is finished by the next command, once', async (n) => {
  await expect(wipeStores(await stores({ store: failingAt(n) }))).rejects.toThrow('the store is away');
  expect(await keys()).toContain(MARK);
  index.documents.set('1', '{}');
  await finishReset(await stores());
  expect(await keys()).toEqual(['other/events/1.parquet']);
  expect(index.documents.size).toBe(0);
  await store.put('electronics/events/1.parquet', Buffer.from('new'));
  await finishReset(await stores());
  expect(await keys()).toContain('electronics/events/1.parquet');
});

test('that did not reach its index is not finished without it, until it is repeated', async () => {
  const away = Object.assign(Object.create(index) as MemoryIndex, {
    wipe: () => Promise.reject(new Error('the index is away')),
  });
  await expect(
    wipeStores(
      await stores({ publications: [{ table: 'customer_profiles', to: 'elasticsearch', sink: away }] }),
    ),
  ).rejects.toThrow('the index is away');
  await expect(finishReset(await stores({ publications: [] }))).rejects.toMatchObject({
    code: 'reset:unfinished',
    message: expect.stringContaining('customer_profiles'),
    hint: expect.stringContaining('reset --yes'),
  });
  expect(await keys()).toContain(MARK);
  await wipeStores(await stores({ publications: [] }));
  expect(await keys()).toEqual(['other/events/1.parquet']);
});

test('of a dataset that has no lake makes nothing', async () => {
  const empty = new FileObjectStore(join(folder, 'nowhere'));
  await wipeStores(await stores({ store: empty }));
  for await (const { key } of empty.list('')) throw new Error(key);
});
