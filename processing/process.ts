import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { PartitionRange, ProfileIndex } from '../core/contracts.ts';
import type { LocalFiles } from '../lake/local-files.ts';
import type { DeltaTable } from '../lake/table.ts';
import { removeOrphans } from '../lake/vacuum.ts';
import { type ArchiveContext, type ArchiveResult, archive } from './archive.ts';
import { type ModelResult, runModel } from './model.ts';
import { type PublishResult, publish } from './publish.ts';

/** In `--follow`, profiles are renewed at the latest after this time though more events keep coming. */
const RENEW_AFTER_MS = 60_000;

/** What processing works on and with. */
export interface ProcessContext {
  readonly archive: ArchiveContext;
  /** The text of the model's SQL, and the table that it fills; null for a dataset without a model. */
  readonly model: { readonly query: string; readonly profiles: DeltaTable } | null;
  /** Null where there is nothing to publish to. */
  readonly index: ProfileIndex | null;
  readonly files: LocalFiles;
}

/** What one run of processing did. */
export interface ProcessResult {
  readonly archive: ArchiveResult;
  readonly model: ModelResult | null;
  readonly publish: PublishResult | null;
}

/** Archive, model and publish, in that order, up to `ends`. */
export async function processTo(
  context: ProcessContext,
  ends: Promise<readonly PartitionRange[]>,
  signal?: AbortSignal,
): Promise<ProcessResult> {
  const archived = await archive(context.archive, { ends, signal });
  if (archived.stopped) return { archive: archived, model: null, publish: null };
  const renewed = await renewProfiles(context);
  await removeLeftovers(context);
  return { archive: archived, ...renewed };
}

/** Archives until the signal; profiles are renewed whenever there is a pause, and every minute where there is none. */
export async function follow(
  context: ProcessContext,
  signal: AbortSignal,
  onRenewed: (result: Omit<ProcessResult, 'archive'>) => void,
): Promise<ArchiveResult> {
  let stale = true;
  let renewed = Date.now();
  const renew = async () => {
    stale = false;
    onRenewed(await renewProfiles(context));
    renewed = Date.now();
  };
  await removeLeftovers(context);
  const forever = new Promise<never>(() => {});
  return archive(
    {
      ...context.archive,
      async onCommit(outcome) {
        await context.archive.onCommit?.(outcome);
        stale = true;
        if (Date.now() - renewed > RENEW_AFTER_MS) await renew();
      },
      async onIdle() {
        if (stale) await renew();
      },
    },
    { ends: forever, signal },
  );
}

/**
 * Lets go of what ingestion and the archive have left behind. The model works in the SQL engine alone, so that JavaScript's own collector, which runs
 * when JavaScript needs memory, would not run for its whole length: 100 MB that the engine could use.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

async function renewProfiles({
  archive,
  model,
  index,
  files,
}: ProcessContext): Promise<Omit<ProcessResult, 'archive'>> {
  const { dataset, sql, temporary, tables } = archive;
  if (!model || !dataset.model) return { model: null, publish: null };
  collectGarbage();
  const common = { model: dataset.model, profiles: model.profiles, files, sql, temporary };
  const computed = await runModel({ ...common, dataset, query: model.query, events: tables.events });
  return { model: computed, publish: index ? await publish({ ...common, index }) : null };
}

/** Files that no commit names, and temporary ones, left by runs that were killed. */
async function removeLeftovers({ archive, model }: ProcessContext): Promise<void> {
  const yesterday = new Date(Date.now() - 24 * 3_600_000);
  for (const table of [archive.tables.events, archive.tables.rejected, ...(model ? [model.profiles] : [])]) {
    await removeOrphans(table, yesterday);
  }
  for (const name of await readdir(archive.temporary)) {
    const path = join(archive.temporary, name);
    const info = await stat(path).catch(() => null);
    if (info && info.mtime < yesterday) await rm(path, { recursive: true, force: true });
  }
}
