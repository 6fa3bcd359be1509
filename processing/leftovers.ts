import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { removeOrphans } from '../lake/vacuum.ts';
import type { ProcessContext } from './process-context.ts';

/** Files that no commit names, and temporary ones, left by runs that were killed. */
export async function removeLeftovers({ archive, models, temporary }: ProcessContext): Promise<void> {
  const yesterday = new Date(Date.now() - 24 * 3_600_000);
  const { events, rejected } = archive.tables;
  for (const table of [events, rejected, ...models.map((model) => model.table)])
    await removeOrphans(table, yesterday);
  for (const name of await readdir(temporary)) {
    const path = join(temporary, name);
    const info = await stat(path).catch(() => null);
    if (info && info.mtime < yesterday) await rm(path, { recursive: true, force: true });
  }
}
