import { createHash } from 'node:crypto';
import type { DataFile } from '../core/data-files.ts';
import { EVENTS_TABLE, sourceOf } from '../core/dataset.ts';
import type { Engine, ModelJob } from '../core/engine.ts';
import { hasCode } from '../core/errors.ts';
import { readsDataset } from '../core/model-query.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import type { DeltaTable } from '../lake/table.ts';
import { checkReadable } from './events-table.ts';
import {
  changedInputs,
  computedFrom,
  inputsOf,
  type ModelInput,
  type SeenInput,
  versionsOf,
} from './model-inputs.ts';
import type { ModelResult } from './observer.ts';

/** Where more than this share of the events is new, computing everything is the shorter way. */
const MOSTLY_NEW = 0.25;

/** What a model works on and with. */
export interface ModelContext
  extends Pick<ModelJob, 'dataset' | 'model' | 'query' | 'lookup' | 'signal' | 'onProgress'> {
  /** The tables that it may read: `events`, those of earlier models, and those of other datasets. */
  readonly inputs: readonly ModelInput[];
  /** The derived table. */
  readonly table: DeltaTable;
  readonly engine: Engine;
}

/**
 * The third stage, for one model: its query over the newest version of what it reads replaces the derived
 * table, in one commit that records these versions. Nothing is done when they are the newest already. A model
 * with `shareBy`, or a look-up, is computed for the values alone that new events bring, where only events
 * were added since; the rows of the others stay. Of rivals one commits, the others find it done.
 */
export async function runModel(context: ModelContext): Promise<ModelResult> {
  const inputs = await seen(inputsOf(context.query, context.inputs));
  const derived = await context.table.snapshot();
  if (!inputs) return { outcome: 'no_events', version: null, rows: 0n };
  const [last] = await context.table.commits(1);
  const changed = changedInputs(derived ?? EMPTY, inputs);
  const base = last?.description === madeBy(context) ? derived : null;
  if (base && changed.length === 0) return { outcome: 'up_to_date', version: base.version, rows: base.rows };
  const events = inputs.find(({ name }) => name === EVENTS_TABLE);
  if (events) checkReadable(context.dataset, events.table.path, events.snapshot);
  const added = base ? await addedSince(context, base, changed) : null;
  const made = await context.engine.model({
    ...context,
    inputs: inputs.map(({ name, table, snapshot }) => ({ name, table: { ...snapshot, path: table.path } })),
    derived: base && { ...base, path: context.table.path },
    added,
  });
  const { fields, files, kept } = made;
  try {
    const committed = await context.table.commit({
      base: derived,
      fields,
      partitionBy: [],
      add: files,
      remove: kept ? (derived?.files ?? []).filter((file) => !kept.includes(file)) : 'all',
      txns: versionsOf(inputs),
      operation: 'WRITE',
      description: madeBy(context),
      computedBy: made.computedBy,
    });
    return { outcome: 'computed', version: committed.version, rows: committed.rows };
  } catch (error) {
    // A rival was faster; what it computed is from these versions or newer ones, or is computed again.
    if (hasCode(error, 'lake:superseded')) return runModel(context);
    throw error;
  } finally {
    await made.discard();
  }
}

const EMPTY: Pick<Snapshot, 'txns'> = { txns: new Map() };

/** The note that goes with each commit: a model whose SQL has changed since is computed again. */
function madeBy({ model, query, inputs }: ModelContext): string {
  const digest = createHash('sha256').update(query).digest('hex').slice(0, 12);
  const [first] = inputsOf(query, inputs);
  const over = first ? ` over ${first.table.path}` : '';
  return `${sourceOf(model)} (sha256 ${digest})${over}`;
}

/** The inputs' newest versions; null where one of them does not exist yet. */
async function seen(inputs: readonly ModelInput[]): Promise<SeenInput[] | null> {
  const found: SeenInput[] = [];
  for (const input of inputs) {
    const snapshot = await input.table.snapshot();
    if (!snapshot) return null;
    found.push({ ...input, snapshot });
  }
  return found;
}

/**
 * The files of events that came since the derived table was computed; null when that is not all that has
 * changed, or is most of the events, or when each row depends on all events.
 */
async function addedSince(
  { model, query, lookup }: ModelContext,
  derived: Snapshot,
  changed: readonly SeenInput[],
): Promise<DataFile[] | null> {
  const [events, another] = changed;
  if ((model.shareBy === undefined && !lookup) || readsDataset(query)) return null;
  if (events?.name !== EVENTS_TABLE || another) return null;
  const version = computedFrom(derived, events.snapshot);
  const before = version === null ? null : await versionOf(events.table, version);
  const present = new Set(events.snapshot.files.map(({ path }) => path));
  if (!before?.files.every(({ path }) => present.has(path))) return null;
  const known = new Set(before.files.map(({ path }) => path));
  const added = events.snapshot.files.filter(({ path }) => !known.has(path));
  const rows = added.reduce((sum, file) => sum + file.rows, 0);
  return rows > MOSTLY_NEW * Number(events.snapshot.rows) ? null : added;
}

async function versionOf(table: DeltaTable, version: bigint): Promise<Snapshot | null> {
  try {
    return await table.snapshot(version);
  } catch (error) {
    if (hasCode(error, 'lake:version_missing')) return null;
    throw error;
  }
}
