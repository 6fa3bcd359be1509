import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { PartitionRange } from '../core/contracts.ts';
import { type Model, modelOf, resultTables, type SinkPublication } from '../core/dataset.ts';
import type { LocalEngine } from '../core/engine.ts';
import type { Sink } from '../core/sink.ts';
import type { LocalFiles } from '../lake/local-files.ts';
import type { DeltaTable } from '../lake/table.ts';
import { removeOrphans } from '../lake/vacuum.ts';
import { type ArchiveContext, type ArchiveResult, archive } from './archive.ts';
import { type ModelContext, type ModelResult, runModel } from './model.ts';
import { type PublishResult, publishTogether } from './publish.ts';

/** One model: what it computes, from which tables, and into which. */
export type ModelSteps = Pick<ModelContext, 'model' | 'query' | 'lookup' | 'inputs' | 'table'>;

/** One publication: a model's table, and the sink that shows it. */
export interface PublishSteps {
  readonly model: Model;
  readonly table: DeltaTable;
  readonly to: SinkPublication['to'];
  readonly sink: Sink;
}

/** What became of one publication. */
export interface Published extends PublishResult {
  readonly table: string;
  readonly to: SinkPublication['to'];
}

/** What processing works on and with. */
export interface ProcessContext {
  readonly archive: ArchiveContext;
  /** The dataset's models in order, each with its SQL, the table that it fills and those that it may read. */
  readonly models: readonly ModelSteps[];
  /** What is published where; none where there is nothing to publish to. */
  readonly publications: readonly PublishSteps[];
  readonly files: LocalFiles;
  /**
   * What models and publications are computed with; it may be the archive's engine, or one whose statements
   * do not wait for the archive's.
   */
  readonly engine: LocalEngine;
  /** Folder for files of the moment. */
  readonly temporary: string;
  /** Fill the sinks again, also with what they show already. */
  readonly republish?: boolean;
  /**
   * Told what the archive did, once all of it is in the lake; an error thrown here ends processing before the
   * models.
   */
  onArchived?(result: ArchiveResult): void;
  /** Told what the two stages after the archive did, and how long they took. */
  onModel?(table: string, result: ModelResult, seconds: number): void;
  onPublish?(result: Published, seconds: number): void;
}

/** What became of one model. */
export interface ModelOutcome extends ModelResult {
  readonly table: string;
}

/** What one run of processing did. */
export interface ProcessResult {
  readonly archive: ArchiveResult;
  /** The model whose rows are the dataset's entities. */
  readonly model: ModelResult | null;
  /** The models in order whose tables are the dataset's results, where there are several. */
  readonly models?: readonly ModelOutcome[];
  /** What became of the first publication. */
  readonly publish: Published | null;
  /** And of all of them, in order. */
  readonly published: readonly Published[];
}

/**
 * Archive, model and publish, in that order, up to `ends`. The signal ends each of them: what is not done is
 * left for the next run.
 */
export async function processTo(
  context: ProcessContext,
  ends: Promise<readonly PartitionRange[]>,
  signal?: AbortSignal,
): Promise<ProcessResult> {
  const archived = await archive(context.archive, { ends, signal });
  const stopped = { archive: { ...archived, stopped: true }, model: null, publish: null, published: [] };
  if (archived.stopped) return stopped;
  context.onArchived?.(archived);
  try {
    const { main, outcomes, versions } = await modelStage(context, signal);
    const published = await publishStage(context, versions);
    await removeLeftovers(context);
    const results = resultTables(context.archive.dataset);
    const models =
      results.length > 1 ? { models: outcomes.filter(({ table }) => results.includes(table)) } : {};
    return { archive: archived, model: main, ...models, publish: published[0] ?? null, published };
  } catch (error) {
    if (signal?.aborted) return stopped;
    throw error;
  }
}

/**
 * Lets go of what ingestion and the archive have left behind. The model works in the SQL engine alone, so
 * that JavaScript's own collector, which runs when JavaScript needs memory, would not run for its whole
 * length: 100 MB that the engine could use.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}

/** What the models gave. */
export interface Modelled {
  /** What became of the model whose rows are the dataset's entities; null for a dataset without models. */
  readonly main: ModelResult | null;
  /** What became of each, in order. */
  readonly outcomes: readonly ModelOutcome[];
  /** The versions of the tables, by name: each is made from those before it, or from newer ones. */
  readonly versions: ReadonlyMap<string, bigint>;
}

/**
 * The third stage: the models in order, on what `context` names. Once the signal is raised it throws the
 * signal's reason.
 */
export async function modelStage(context: ProcessContext, signal?: AbortSignal): Promise<Modelled> {
  const { archive, models, engine } = context;
  const { dataset } = archive;
  if (models.length > 0) collectGarbage();
  let main: ModelResult | null = null;
  const outcomes: ModelOutcome[] = [];
  const versions = new Map<string, bigint>();
  for (const steps of models) {
    archive.onProgress?.({ stage: 'model', unit: 'shares', done: 0, total: null });
    const began = performance.now();
    const result = await runModel({
      ...steps,
      ...{ dataset, engine, signal },
      onProgress(done, total) {
        archive.onTurn?.();
        archive.onProgress?.({ stage: 'model', unit: 'shares', done, total });
      },
    });
    context.onModel?.(steps.model.table, result, (performance.now() - began) / 1000);
    outcomes.push({ table: steps.model.table, ...result });
    if (steps.model === modelOf(dataset)) main = result;
    if (result.version !== null) versions.set(steps.model.table, result.version);
  }
  return { main, outcomes, versions };
}

/**
 * The fourth stage: the publications in order, those of one group together. Where one fails, those that
 * follow to the same system are left; the first failure is thrown in the end. What ends it early is the
 * signal that the sinks were opened with.
 *
 * @param versions What {@link modelStage} gave. The newest versions would not do: a model may be running
 *   beside this stage, and have made facts whose dimensions it has not made yet.
 */
export async function publishStage(
  context: ProcessContext,
  versions: Modelled['versions'],
): Promise<Published[]> {
  const published: Published[] = [];
  const failures = new Map<SinkPublication['to'], unknown>();
  for (const steps of grouped(context.publications)) {
    const to = steps[0]?.to ?? 'postgres';
    if (failures.has(to)) continue;
    try {
      published.push(...(await publishGroup(context, steps, versions)));
    } catch (error) {
      failures.set(to, error);
    }
  }
  for (const failure of failures.values()) throw failure;
  return published;
}

/** Those that are finished together, in the order of the first of each. */
function grouped(publications: readonly PublishSteps[]): PublishSteps[][] {
  return [...Map.groupBy(publications, ({ sink }) => sink.group ?? sink).values()];
}

async function publishGroup(
  context: ProcessContext,
  publications: readonly PublishSteps[],
  versions: Modelled['versions'],
): Promise<Published[]> {
  const { archive, files, engine, temporary } = context;
  const { dataset } = archive;
  const unit = publications[0]?.sink.form ?? 'documents';
  archive.onProgress?.({ stage: 'publish', unit, done: 0, total: null });
  const began = performance.now();
  const results = await publishTogether(
    publications.map(({ model, table, sink }) => ({
      ...{ model, columns: dataset.columns, profiles: table, sink, files, engine, temporary },
      version: versions.get(model.table),
      republish: context.republish ?? false,
      onProgress(done, total) {
        archive.onTurn?.();
        if (done !== undefined) archive.onProgress?.({ stage: 'publish', unit, done, total });
      },
    })),
  );
  const seconds = (performance.now() - began) / 1000;
  return publications.map(({ model, to }, i) => {
    const done = { table: model.table, to, ...(results[i] as PublishResult) };
    // All of a group take the time that it takes.
    context.onPublish?.(done, seconds);
    return done;
  });
}

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
