import type { EventLog } from '../core/contracts.ts';
import type { Dataset } from '../core/dataset.ts';
import type { Sink } from '../core/sink.ts';
import { type StatusReport, status } from '../inspection/status.ts';
import { type RunningStage, runningStages } from '../monitoring/progress-files.ts';
import { computedFrom } from '../processing/model-inputs.ts';
import type { PipelineAnswer } from './api.ts';
import type { LakeView, SeenLake, SeenTable } from './lake-view.ts';
import type { Movement, Movements } from './movement.ts';
import type { Published, PublishedTables } from './published.ts';

/** What the pipeline's state is read from. */
export interface PipelineContext {
  readonly dataset: Dataset;
  readonly log: EventLog;
  readonly index: Sink | null;
  /** Those in PostgreSQL; null where none are. */
  readonly published: PublishedTables | null;
  readonly view: LakeView;
  /** The folder in which jobs tell of their progress. */
  readonly progress: string;
}

type Hop = Omit<PipelineAnswer['hops'][number], 'moving' | 'perSecond' | 'share'>;
const NO_COMMIT = { lastCommit: null, engine: null };
/** Older commits of the events than so many are not added up to a lag. */
const COMMITS = 500;

/** Where every stage stands; `movements` remembers what was seen before. */
export async function pipelineNow(context: PipelineContext, movements: Movements): Promise<PipelineAnswer> {
  const { log, index, view } = context;
  const seen = await view.nowOrNothing();
  const { events, rejected, profiles } = seen;
  const report = await status({
    log,
    tables: { events: events.table, rejected: rejected.table },
    profiles: profiles?.table ?? null,
    index,
  });
  // The report may have newer versions than the look: who asks for rows because of them must find them.
  view.forget();
  const published = (await context.published?.now(seen.models)) ?? null;
  const running = await runningStages(context.progress);
  const inLake = rowsOf(events) + rowsOf(rejected);
  const hops = [
    ingestHop(report),
    await archiveHop(report, seen, inLake),
    ...(profiles ? [await modelHop(report, events, profiles)] : []),
    publishHop(report, profiles, noteOfPublish(context.dataset, report, published)),
  ];
  const { files, partitions, lag } = report;
  const movement = movements.see({
    progress: {
      ingest: partitions.reduce((sum, { end }) => sum + Number(end), 0),
      archive: inLake,
      model: Number(profiles?.snapshot?.version ?? -1),
      publish: (report.index?.documents ?? 0) + (published?.progress ?? 0),
    },
    complete: files.length > 0 && files.every((file) => file.complete) && lag === 0,
    lag,
  });
  const models = seen.models.flatMap(({ name, snapshot }) =>
    snapshot ? { table: name, version: String(snapshot.version), rows: Number(snapshot.rows) } : [],
  );
  return {
    status: report,
    models,
    hops: hops.map((hop) => ({ ...hop, ...runningNow(running, hop.name, movement(hop.name)) })),
    ...(published?.tables ? { published: published.tables } : {}),
  };
}

/**
 * A stage works if a job says so, or if its store changes: jobs of other machines tell this one nothing. Of
 * several jobs the share is that of the first that knows it.
 */
function runningNow(running: readonly RunningStage[], name: Hop['name'], movement: Movement) {
  const told = running.filter(({ stage }) => stage === name);
  const share = told.find((one) => one.share !== null)?.share ?? null;
  return { ...movement, moving: movement.moving || told.length > 0, share };
}

function ingestHop({ files, partitions }: StatusReport): Hop {
  const unfinished = files.filter((file) => !file.complete).length;
  const note = files.length === 0 ? 'no file yet' : `${unfinished} of ${files.length} files unfinished`;
  return {
    name: 'ingest',
    rows: partitions.reduce((sum, { start, end }) => sum + Number(BigInt(end) - BigInt(start)), 0),
    lag: null,
    lastCommit:
      files
        .map((file) => file.updatedAt)
        .sort()
        .at(-1) ?? null,
    engine: null,
    note: files.length > 0 && unfinished === 0 ? null : note,
  };
}

async function archiveHop({ lag }: StatusReport, { events, rejected }: SeenLake, rows: number): Promise<Hop> {
  const [ofEvents, ofRejected] = await Promise.all([lastCommit(events), lastCommit(rejected)]);
  const turnedAway = rowsOf(rejected);
  const note = turnedAway > 0 ? `${turnedAway.toLocaleString('en-US')} of them rejected` : null;
  return {
    name: 'archive',
    rows,
    lag,
    ...((ofEvents.lastCommit ?? '') > (ofRejected.lastCommit ?? '') ? ofEvents : ofRejected),
    note,
  };
}

async function modelHop(
  { profilesUpToDate }: StatusReport,
  events: SeenTable,
  profiles: SeenTable,
): Promise<Hop> {
  return {
    name: 'model',
    rows: rowsOf(profiles),
    lag: profilesUpToDate ? 0 : await eventsSince(events, profiles),
    ...(await lastCommit(profiles)),
    note: profilesUpToDate ? null : 'computed from older events',
  };
}

function publishHop({ index }: StatusReport, profiles: SeenTable | null, note: string | null): Hop {
  const rows = index?.documents ?? null;
  const behind = profiles && rows !== null ? Math.abs(rowsOf(profiles) - rows) : null;
  return { name: 'publish', rows, lag: behind, ...NO_COMMIT, note };
}

/** Which tables are not published and why, or what the stage waits for. */
function noteOfPublish(
  { models, publish }: Dataset,
  { index, profilesUpToDate }: StatusReport,
  published: Published | null,
): string | null {
  if (models.length === 0) return 'nothing to publish without a model';
  const goesTo = (server: 'elasticsearch' | 'postgres') => publish.some(({ to }) => to === server);
  if (!goesTo('elasticsearch') && !goesTo('postgres')) return 'the dataset file publishes no table';
  const notes = [
    ...(goesTo('elasticsearch') && !index ? ['no index: ELASTICSEARCH_URL is not set'] : []),
    ...(goesTo('postgres') && !published ? ['not in PostgreSQL: WAREHOUSE_URL is not set'] : []),
    ...(published?.problem ? [published.problem] : []),
    ...((index || published) && !profilesUpToDate ? ['waits for the model'] : []),
  ];
  return notes.join('; ') || null;
}

/** The rows of events that the profiles do not know yet. */
async function eventsSince(events: SeenTable, profiles: SeenTable): Promise<number> {
  if (!profiles.snapshot || !events.snapshot) return rowsOf(events);
  const known = computedFrom(profiles.snapshot, events.snapshot);
  if (known === null) return rowsOf(events);
  const newer = Number(events.snapshot.version - known);
  const commits = newer > 0 ? await events.table.commits(Math.min(newer, COMMITS)) : [];
  return commits.reduce((sum, commit) => sum + Number(commit.rowsAdded), 0);
}

async function lastCommit({ table, snapshot }: SeenTable): Promise<Pick<Hop, 'lastCommit' | 'engine'>> {
  const [commit] = snapshot ? await table.commits(1) : [];
  return { lastCommit: commit?.time?.toISOString() ?? null, engine: commit?.computedBy ?? null };
}

function rowsOf({ snapshot }: SeenTable): number {
  return Number(snapshot?.rows ?? 0);
}
