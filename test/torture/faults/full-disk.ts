import { join } from 'node:path';
import { mountSmallDisk } from '../../faults/small-disk.ts';
import { embedded, eventlake, json } from '../../stack/end-to-end-environment.ts';
import { checkExact } from '../electronics.ts';
import type { PassingFault, Scenario } from '../fault.ts';
import { generate } from './source.ts';

const DISK_BYTES = 256 << 20;

/** The codes that say that a disk is full. */
const FULL = /\[(disk:full|object:full|log:write_failed)\]/;

/**
 * The disk of the local log and lake. How much space is left when the command starts decides where in its
 * work it ends.
 */
export const FULL_LOCAL_DISK: Scenario = {
  name: 'disk-full',
  how: 'the disk of the local log and lake has a random part of the space that `run` needs',
  outcome: 'a code that names the full disk; exact once there is space',
  async play({ random }) {
    const environment = await embedded();
    const disk = await mountSmallDisk(join(environment.folder, 'home'), DISK_BYTES);
    try {
      const [first, second] = [
        await generate(environment, 'a.csv', random),
        await generate(environment, 'b.csv', random),
      ];
      await json(environment, ['run', '--file', first.name]);
      const needed = await disk.used();
      await disk.fill(random.below(needed));
      const { code, stderr } = await eventlake(environment, ['run', '--file', second.name]);
      await disk.free();
      if (code !== 0 && !FULL.test(stderr)) throw new Error(`run ended with ${code}: ${stderr}`);
      await json(environment, ['run', '--file', second.name]);
      await checkExact(environment, [first, second]);
      return code === 0 ? 0 : 1;
    } finally {
      await disk.unmount();
      await environment.remove();
    }
  },
};

/** The disk of MinIO, which answers 507 then. */
export const FULL_STORE: PassingFault = {
  name: 'minio-full',
  how: "MinIO's disk is full for up to 3 s",
  outcome: 'retried; exact',
  holdMs: 3_000,
  async inject({ stack: { minioDisk, http } }) {
    if (minioDisk === null) throw new Error('MinIO has no disk of its own');
    let refused = 0;
    const watch = http.minio.inject({
      rewrite(answer) {
        if (answer.status === 507) refused++;
        return answer;
      },
    });
    await minioDisk.fill(0);
    return {
      fired: () => refused,
      async heal() {
        await minioDisk.free();
        watch.heal();
      },
    };
  },
};
