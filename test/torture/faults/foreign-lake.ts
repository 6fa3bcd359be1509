import { cp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../../generator/random.ts';
import { readLake } from '../../oracle/read-lake.ts';
import { type Environment, embedded, eventlake } from '../../stack/end-to-end-environment.ts';
import { checkExact } from '../electronics.ts';
import type { RepeatedFault } from '../fault.ts';
import { manyCommits, requireCoded } from './damaged-log.ts';
import { one } from './source.ts';

const TABLES = ['events', 'rejected', 'customer_totals', 'customer_profiles'];

const OTHER_PROGRAM = `
import pyarrow
from deltalake import write_deltalake
write_deltalake(request, pyarrow.table({"id": [1, 2], "name": ["a", "b"]}))
print("null")`;

async function replace(own: string, other: string): Promise<void> {
  await rm(own, { recursive: true });
  await cp(other, own, { recursive: true });
}

/** Puts something of the lake `other` or of delta-rs in the place of something in the lake `uri`. */
async function intrude(random: Random, uri: string, other: string): Promise<void> {
  const table = join(uri, one(random, TABLES));
  await one<() => Promise<unknown>>(random, [
    () => replace(uri, other),
    () => replace(table, join(other, one(random, TABLES))),
    async () => {
      await rm(table, { recursive: true });
      await readLake(OTHER_PROGRAM, table);
    },
    async () => {
      const ending = one(random, ['.json', '.parquet']);
      const [own, its] = await Promise.all(
        [uri, other].map(async (lake) => {
          const names = await readdir(lake, { recursive: true });
          return join(lake, one(random, names.filter((name) => name.endsWith(ending)).sort()));
        }),
      );
      await cp(its ?? '', own ?? '');
    },
  ])();
}

/** A table, a whole lake or a file of somebody else's, in the place of one of the lake's own. */
export const FOREIGN_LAKE: RepeatedFault = {
  name: 'foreign-lake',
  how: 'a lake, table, commit or data file of another lake, or a table of delta-rs, is in the place of its own',
  outcome: 'audit or process fails with a code, or all is exact; exact once its own is back',
  async openHarmed({ random }) {
    const environment = await embedded();
    const other = await embedded();
    const { uri } = environment.lake;
    const kept = join(environment.folder, 'kept');
    const file = await manyCommits(environment, random);
    await manyCommits(other, random);
    await cp(uri, kept, { recursive: true });
    return {
      async inject() {
        await intrude(random, uri, other.lake.uri);
        const refused = [await isRefused(environment, 'audit'), await isRefused(environment, 'process')];
        if (!refused.includes(true)) await checkExact(environment, [file]);
        await replace(uri, kept);
        return refused.includes(true) ? 1 : 0;
      },
      checkExact: () => checkExact(environment, [file]),
      async close() {
        await other.remove();
        await environment.remove();
      },
    };
  },
};

async function isRefused(environment: Environment, command: string): Promise<boolean> {
  const { code, stderr, stdout } = await eventlake(environment, [command]);
  if (code === 1) requireCoded(command, stderr);
  else if (code !== 0 && !(command === 'audit' && code === 3))
    throw new Error(`${command} ended with ${code}: ${stderr}${stdout}`);
  return code !== 0;
}
