import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { PartitionRange, ProfileIndex, SqlEngine } from '../core/contracts.ts';
import { modelOf } from '../core/dataset.ts';
import type { LocalFiles } from '../lake/local-files.ts';
import type { DeltaTable } from '../lake/table.ts';
import { removeOrphans } from '../lake/vacuum.ts';
import { type ArchiveContext, type ArchiveResult, archive } from './archive.ts';
import { type ModelResult, runModel } from './model.ts';
import { type PublishResult, publish } from './publish.ts';

/** What processing works on and with. */
export interface ProcessContext {
  readonly archive: ArchiveContext;
  /** The text of the model's SQL, and the table that it fills; null for a dataset without a model. */
  readonly model: { readonly query: string; readonly profiles: DeltaTable } | null;
  /** Null where there is nothing to publish to. */
  readonly index: ProfileIndex | null;
  readonly files: LocalFiles;
  /** Where model and publish run beside the archive, so that its statements need not wait for theirs; else they use the archive's engine. */
  readonly sql?: SqlEngine;
  /** Fill the index anew, whatever it shows. */
  readonly republish?: boolean;
  /** Told what the two hops after the archive did, and how long they took. */
  onModel?(result: ModelResult, seconds: number): void;
  onPublish?(result: PublishResult, seconds: number): void;
}

/** What one run of processing did. */
export interface ProcessResult {
  readonly archive: ArchiveResult;
  readonly model: ModelResult | null;
  readonly publish: PublishResult | null;
}

/** Archive, model and publish, in that order, up to `ends`. The signal ends each of them: what is not done is left for the next run. */
export async function processTo(
  context: ProcessContext,
  ends: Promise<readonly PartitionRange[]>,
  signal?: AbortSignal,
): Promise<ProcessResult> {
  const archived = await archive(context.archive, { ends, signal });
  const stopped = { archive: { ...archived, stopped: true }, model: null, publish: null };
  if (archived.stopped) return stopped;
  try {
    const modelled = await modelHop(context, signal);
    const published = await publishHop(context);
    await removeLeftovers(context);
    return { archive: archived, model: modelled, publish: published };
  } catch (error) {
    if (signal?.aborted) return stopped;
    throw error;
  }
}

/**
 * Lets go of what ingestion and the archive have left behind. The model works in the SQL engine alone, so that JavaScript's own collector, which runs
 * when JavaScript needs memory, would not run for its whole length: 100 MB that the engine could use.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** The third hop, on what `context` names; null for a dataset without a model. Once the signal is raised it throws the signal's reason. */
export async function modelHop(context: ProcessContext, signal?: AbortSignal): Promise<ModelResult | null> {
  const { archive, model, files } = context;
  const { dataset, temporary, tables } = archive;
  const { sql = archive.sql } = context;
  const definition = modelOf(dataset);
  if (!model || !definition) return null;
  collectGarbage();
  const began = performance.now();
  const { query, profiles } = model;
  const result = await runModel({
    ...{ dataset, model: definition, query, profiles, files, sql, temporary },
    events: tables.events,
    signal,
    onProgress: () => archive.onTurn?.(),
  });
  context.onModel?.(result, (performance.now() - began) / 1000);
  return result;
}

/**
 * The fourth hop, on what `context` names; null where there is nothing to publish, or nothing to publish to. What ends it early is the
 * signal that its index was opened with.
 */
export async function publishHop(context: ProcessContext): Promise<PublishResult | null> {
  const { archive, model, index, files } = context;
  const { dataset, temporary } = archive;
  const { sql = archive.sql } = context;
  const definition = modelOf(dataset);
  if (!model || !definition || !index) return null;
  const began = performance.now();
  const { profiles } = model;
  const result = await publish({
    ...{ model: definition, profiles, index, files, sql, temporary },
    republish: context.republish ?? false,
    onProgress: () => archive.onTurn?.(),
  });
  context.onPublish?.(result, (performance.now() - began) / 1000);
  return result;
}

/** Files that no commit names, and temporary ones, left by runs that were killed. */
export async function removeLeftovers({ archive, model }: ProcessContext): Promise<void> {
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
