import { execFile } from 'node:child_process';
import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const BLOCK = 1 << 20;

/** A disk of its own size, in memory, mounted at a folder. */
export interface SmallDisk {
  readonly folder: string;
  /** Takes all space but so many bytes. */
  fill(leave: number): Promise<void>;
  /** Gives the space back that `fill` took. */
  free(): Promise<void>;
  /** Bytes in use. */
  used(): Promise<number>;
  unmount(): Promise<void>;
}

/** Mounts a disk of so many bytes at `folder`, which takes the rights of root on Linux. */
export async function mountSmallDisk(folder: string, bytes: number): Promise<SmallDisk> {
  await mkdir(folder, { recursive: true });
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', folder]);
  const ballast = join(folder, 'ballast');
  const space = async () => {
    const { bsize, bavail, blocks } = await statfs(folder);
    return { free: bavail * bsize, all: blocks * bsize };
  };
  return {
    folder,
    async fill(leave) {
      for (let { free } = await space(); free > leave; { free } = await space()) {
        const size = Math.min(free - leave, BLOCK);
        // A writer beside this one may be faster: then there is no space to take.
        await writeFile(ballast, Buffer.alloc(size, 1), { flag: 'a' }).catch(() => {});
        if (size < BLOCK) return;
      }
    },
    free: () => rm(ballast, { force: true }),
    async used() {
      const { free, all } = await space();
      return all - free;
    },
    async unmount() {
      await run('umount', ['--lazy', folder]);
    },
  };
}
