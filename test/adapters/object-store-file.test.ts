import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FileObjectStore } from '../../adapters/folder/object-store.ts';
import { describeObjectStore } from '../conformance/object-store.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lake-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describeObjectStore('file', async () => new FileObjectStore(join(folder, 'made', 'when', 'needed')));

describe('file store', () => {
  test('takes a file by renaming it, or by a copy from another device', async () => {
    const store = new FileObjectStore(join(folder, 'moves'));
    const near = join(folder, 'near');
    await writeFile(near, 'near');
    await store.putFile('a/near', near);
    await expect(readFile(near)).rejects.toMatchObject({ code: 'ENOENT' });
    const far = await mkdtemp('/dev/shm/far-').catch(() => null);
    if (far === null) return;
    try {
      await writeFile(join(far, 'x'), 'far');
      await store.putFile('a/far', join(far, 'x'));
      expect((await store.get('a/far')).toString()).toBe('far');
    } finally {
      await rm(far, { recursive: true });
    }
  });

  test('a missing source is not a missing object', async () => {
    const store = new FileObjectStore(join(folder, 'source'));
    await expect(store.putFile('a', join(folder, 'no-such-source'))).rejects.toMatchObject({
      code: 'object:failed',
      message: expect.stringContaining('no-such-source'),
    });
  });

  test('what a crash left unfinished is no object, and goes after a day', async () => {
    const root = join(folder, 'crashed');
    const unfinished = join(root, '.unfinished');
    await mkdir(unfinished, { recursive: true });
    await writeFile(join(unfinished, 'old'), 'x');
    await utimes(join(unfinished, 'old'), new Date(), new Date(Date.now() - 25 * 3_600_000));
    await writeFile(join(unfinished, 'young'), 'x');
    const store = new FileObjectStore(root);
    await store.put('a', Buffer.from('a'));
    const keys: string[] = [];
    for await (const { key } of store.list('')) keys.push(key);
    expect(keys).toEqual(['a']);
    expect(await readdir(unfinished)).toEqual(['young']);
    await expect(store.get('.unfinished/young')).rejects.toMatchObject({ code: 'object:bad_key' });
  });

  test('a key cannot be the folder of another: refused, not taken for a lost race', async () => {
    const store = new FileObjectStore(join(folder, 'nested'));
    await store.put('a', Buffer.from('a'));
    await expect(store.putIfAbsent('a/b', Buffer.from('b'))).rejects.toMatchObject({ code: 'object:failed' });
  });

  const unlessRoot = process.getuid?.() === 0 ? test.skip : test;
  unlessRoot('a folder that may not be written is object:forbidden, with a hint', async () => {
    const root = join(folder, 'read-only');
    await mkdir(root);
    await chmod(root, 0o500);
    await expect(new FileObjectStore(root).put('a', Buffer.from('a'))).rejects.toMatchObject({
      code: 'object:forbidden',
      hint: expect.stringContaining('permissions'),
    });
  });
});
