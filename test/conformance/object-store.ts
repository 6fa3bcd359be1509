import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { ObjectInfo, ObjectStore } from '../../core/contracts.ts';

/** Deletes all that a store holds, so that servers shared by many test runs do not fill up. */
export async function emptyStore(store: ObjectStore): Promise<void> {
  const keys: string[] = [];
  for await (const { key } of store.list('')) keys.push(key);
  await store.delete(keys);
}

/**
 * What every {@link ObjectStore} must do. `open` gives stores that share their objects, as two processes
 * would.
 */
export function describeObjectStore(name: string, open: () => Promise<ObjectStore>): void {
  describe(`object store: ${name}`, () => {
    let store: ObjectStore;
    let rival: ObjectStore;
    let scratch: string;
    let at: string;

    beforeAll(async () => {
      store = await open();
      rival = await open();
      scratch = await mkdtemp(join(tmpdir(), 'object-store-'));
    });
    beforeEach(() => {
      at = randomUUID();
    });
    afterAll(async () => {
      await store?.close();
      await rival?.close();
      await rm(scratch, { recursive: true, force: true });
    });

    async function listed(prefix: string, after?: string): Promise<ObjectInfo[]> {
      const all: ObjectInfo[] = [];
      for await (const info of store.list(prefix, after)) all.push(info);
      return all;
    }
    const keysOf = async (prefix: string, after?: string) =>
      (await listed(prefix, after)).map(({ key }) => key);

    test('what is put is got by another process, and replaced by the next put', async () => {
      await store.put(`${at}/a`, Buffer.from('one'));
      expect(await rival.get(`${at}/a`)).toEqual(Buffer.from('one'));
      await store.put(`${at}/a`, Buffer.from('second'));
      expect(await rival.get(`${at}/a`)).toEqual(Buffer.from('second'));
      await store.put(`${at}/a`, Buffer.alloc(0));
      expect(await rival.get(`${at}/a`)).toEqual(Buffer.alloc(0));
    });

    test.each([0, 1, 5_000_000])('a file of %d bytes comes back as it was', async (bytes) => {
      const body = randomBytes(bytes);
      const source = join(scratch, randomUUID());
      const target = join(scratch, randomUUID());
      await writeFile(source, body);
      await store.put(`${at}/month=2020-10/x.parquet`, Buffer.from('older'));
      await store.putFile(`${at}/month=2020-10/x.parquet`, source);
      expect(body.equals(await rival.get(`${at}/month=2020-10/x.parquet`))).toBe(true);
      await rival.getFile(`${at}/month=2020-10/x.parquet`, target);
      expect(body.equals(await readFile(target))).toBe(true);
      const path = store.pathOf(`${at}/month=2020-10/x.parquet`);
      if (path !== null) expect(body.equals(await readFile(path))).toBe(true);
    });

    test('an object that does not exist is object:missing', async () => {
      await expect(store.get(`${at}/none`)).rejects.toMatchObject({
        code: 'object:missing',
        retriable: false,
      });
      await expect(store.getFile(`${at}/none`, join(scratch, 'none'))).rejects.toMatchObject({
        code: 'object:missing',
      });
      await expect(readFile(join(scratch, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
    });

    test('putIfAbsent stores once and leaves the first body', async () => {
      expect(await store.putIfAbsent(`${at}/log/1.json`, Buffer.from('first'))).toBe(true);
      expect(await rival.putIfAbsent(`${at}/log/1.json`, Buffer.from('second'))).toBe(false);
      expect(await store.putIfAbsent(`${at}/log/1.json`, Buffer.from('first'))).toBe(false);
      expect(await store.get(`${at}/log/1.json`)).toEqual(Buffer.from('first'));
      await store.delete([`${at}/log/1.json`]);
      expect(await rival.putIfAbsent(`${at}/log/1.json`, Buffer.from('third'))).toBe(true);
    });

    test('of 20 rivals for one key exactly one is told that it won, and its body is there', async () => {
      for (let round = 0; round < 5; round++) {
        const key = `${at}/log/${round}.json`;
        const bodies = Array.from({ length: 20 }, (_, i) =>
          Buffer.from(`rival ${i} ${'x'.repeat(i * 1000)}`),
        );
        const won = await Promise.all(
          bodies.map((body, i) => (i % 2 ? store : rival).putIfAbsent(key, body)),
        );
        expect(won.filter(Boolean)).toHaveLength(1);
        expect(await store.get(key)).toEqual(bodies[won.indexOf(true)]);
      }
    });

    test('a reader never sees half an object', async () => {
      const bodies = [Buffer.alloc(300_000, 'a'), Buffer.alloc(900_000, 'b')] as const;
      await store.put(`${at}/x`, bodies[0]);
      let done = false;
      const writing = (async () => {
        for (let i = 0; i < 20; i++) await store.put(`${at}/x`, bodies[i % 2 === 0 ? 1 : 0]);
        done = true;
      })();
      while (!done) {
        const seen = await rival.get(`${at}/x`);
        expect(bodies.some((body) => body.equals(seen))).toBe(true);
      }
      await writing;
    });

    test('keys are listed in the order of their UTF-8 bytes, with size and time', async () => {
      // By hand: '-' 2d < '/' 2f < '0' 30 < 'B' < 'a'; U+FB01 is ef.., U+1F600 is f0.. though its UTF-16
      // units are d83d..
      const expected = ['a-b/c', 'a/b', 'a/b-c', 'a/b.d/e', 'a/b0', 'a0', 'b/B', 'b/a', 'ﬁ', '😀'].map(
        (k) => `${at}/${k}`,
      );
      for (const key of expected.toReversed()) await store.put(key, Buffer.from(key));
      const all = await listed(`${at}/`);
      expect(all.map(({ key }) => key)).toEqual(expected);
      for (const { key, bytes, modified } of all) {
        expect(bytes).toBe(Buffer.byteLength(key));
        expect(Math.abs(modified.getTime() - Date.now())).toBeLessThan(60_000);
      }
      expect(await keysOf(`${at}/a/b`)).toEqual(expected.slice(1, 5));
      expect(await keysOf(`${at}/a/b.d/`)).toEqual(expected.slice(3, 4));
      for (const [i, key] of expected.entries())
        expect(await keysOf(`${at}/`, key)).toEqual(expected.slice(i + 1));
      expect(await keysOf(`${at}/`, `${at}/a/c`)).toEqual(expected.slice(5));
      expect(await keysOf(`${at}/a/`, `${at}/a/b.d/e`)).toEqual(expected.slice(4, 5));
      expect(await keysOf(`${at}/none/`)).toEqual([]);
      expect((await keysOf('')).filter((key) => key.startsWith(at))).toEqual(expected);
    });

    test('keys may hold what partition values and names hold', async () => {
      const keys = [
        'brand=a%20b/x',
        'brand=a+b/x',
        "brand=it's/x",
        'brand=tilde~(1)!*/x',
        'brand=ünï & ?#/x',
        'brand=a b/x',
      ];
      for (const key of keys) {
        await store.put(`${at}/${key}`, Buffer.from(key));
        expect(await store.putIfAbsent(`${at}/${key}`, Buffer.from('no'))).toBe(false);
      }
      for (const key of keys) expect((await rival.get(`${at}/${key}`)).toString()).toBe(key);
      expect(new Set(await keysOf(`${at}/`))).toEqual(new Set(keys.map((key) => `${at}/${key}`)));
      await store.delete(keys.map((key) => `${at}/${key}`));
      expect(await keysOf(`${at}/`)).toEqual([]);
    });

    test.each(['', '/a', 'a/', 'a//b', '../a', 'a/../b', './a', 'a/.'])(
      "'%s' cannot be a key",
      async (key) => {
        await expect(store.put(key, Buffer.from(''))).rejects.toMatchObject({ code: 'object:bad_key' });
        await expect(store.get(key)).rejects.toMatchObject({ code: 'object:bad_key' });
        await expect(store.putIfAbsent(key, Buffer.from(''))).rejects.toMatchObject({
          code: 'object:bad_key',
        });
        // A bucket may list such an object: other programs' sign of a folder.
        if (key !== 'a/') await expect(store.delete([key])).rejects.toMatchObject({ code: 'object:bad_key' });
      },
    );

    test('thousands of keys are listed and deleted; deleting what is not there is no error', async () => {
      const keys = Array.from({ length: 1_203 }, (_, i) => `${at}/${String(i).padStart(20, '0')}.json`);
      for (let i = 0; i < keys.length; i += 50) {
        await Promise.all(keys.slice(i, i + 50).map((key) => store.put(key, Buffer.from('{}'))));
      }
      expect(await keysOf(`${at}/`)).toEqual(keys);
      expect(await keysOf(`${at}/`, keys[1_100])).toEqual(keys.slice(1_101));
      await store.delete([...keys.slice(0, -1), `${at}/never-there`]);
      await store.delete(keys.slice(0, 3));
      await store.delete([]);
      expect(await keysOf(`${at}/`)).toEqual(keys.slice(-1));
    }, 30_000);
  });
}
