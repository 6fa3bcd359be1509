import { createHash } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lookup, SqlEngine } from '../core/contracts.ts';
import { type Dataset, EVENTS_TABLE, type Model, sourceOf } from '../core/dataset.ts';
import { hasCode } from '../core/errors.ts';
import type { LocalFiles } from '../lake/local-files.ts';
import type { DataFile, Snapshot } from '../lake/snapshot.ts';
import type { DeltaTable } from '../lake/table.ts';
import { computeAll } from './model-compute.ts';
import {
  changedInputs,
  computedFrom,
  inputsOf,
  type ModelInput,
  readsDataset,
  type SeenInput,
  versionsOf,
} from './model-inputs.ts';
import { computeLookup } from './model-lookup.ts';
import type { Computed } from './model-output.ts';
import { computeTouched } from './model-touched.ts';

/** Where more than this share of the events is new, computing everything is the shorter way. */
const MOSTLY_NEW = 0.25;

/** What a model works on and with. */
export interface ModelContext {
  readonly dataset: Dataset;
  readonly model: Model;
  /** The model's SQL: one query over the tables that it names, and over `dataset` (one row: last_event). */
  readonly query: string;
  /** For a model that is a look-up: what the values of the query are looked up in. */
  readonly lookup?: Lookup | undefined;
  /** The tables that it may read: `events`, those of earlier models, and those of other datasets. */
  readonly inputs: readonly ModelInput[];
  /** The derived table. */
  readonly table: DeltaTable;
  readonly files: LocalFiles;
  readonly sql: SqlEngine;
  readonly temporary: string;
  /** Ends the computation after the current share. */
  readonly signal?: AbortSignal | undefined;
  /** Told after each share of the keys, with how many of how many are done. */
  onProgress?(done: number, total: number): void;
}

/** What one run of a model did. */
export interface ModelResult {
  readonly outcome: 'computed' | 'up_to_date' | 'no_events';
  /** The derived table's version now; null when there is none. */
  readonly version: bigint | null;
  readonly rows: bigint;
}

/**
 * The third stage, for one model: its query over the newest version of what it reads replaces the derived table, in one commit that records
 * these versions. Nothing is done when they are the newest already. A model with `shareBy` is computed for the values alone that new events
 * bring, where only events were added since; the rows of the others stay. Of rivals one commits, the others find it done.
 */
export async function runModel(context: ModelContext): Promise<ModelResult> {
  const inputs = await seen(inputsOf(context.query, context.inputs));
  const derived = await context.table.snapshot();
  if (!inputs) return { outcome: 'no_events', version: null, rows: 0n };
  const [last] = await context.table.commits(1);
  const changed = changedInputs(derived ?? EMPTY, inputs);
  const base = last?.description === madeBy(context) ? derived : null;
  if (base && changed.length === 0) return { outcome: 'up_to_date', version: base.version, rows: base.rows };
  const folder = join(context.temporary, `model-${process.pid}-${crypto.randomUUID()}`);
  await mkdir(folder, { recursive: true });
  try {
    context.files.recheck();
    const added = base ? await addedSince(context, base, changed) : null;
    const { fields, files, kept } = await computed(context, inputs, { base, added }, folder);
    const committed = await context.table.commit({
      base: derived,
      fields,
      partitionBy: [],
      add: files,
      remove: kept ? (derived?.files ?? []).filter((file) => !kept.includes(file)) : 'all',
      txns: versionsOf(inputs),
      operation: 'WRITE',
      description: madeBy(context),
    });
    return { outcome: 'computed', version: committed.version, rows: committed.rows };
  } catch (error) {
    // A rival was faster; what it computed is from these versions or newer ones, or is computed again.
    if (hasCode(error, 'lake:superseded')) return runModel(context);
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function computed(
  context: ModelContext,
  inputs: readonly SeenInput[],
  { base, added }: { readonly base: Snapshot | null; readonly added: readonly DataFile[] | null },
  folder: string,
): Promise<Computed> {
  const { lookup } = context;
  if (lookup) return computeLookup({ ...context, lookup }, inputs, base, folder);
  if (base && added) return computeTouched(context, inputs, { derived: base, added }, folder);
  return computeAll(context, inputs, folder);
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
 * The files of events that came since the derived table was computed; null when that is not all that has changed, or is most of the
 * events, or when each row depends on all events.
 */
async function addedSince(
  { model, query }: ModelContext,
  derived: Snapshot,
  changed: readonly SeenInput[],
): Promise<DataFile[] | null> {
  const [events, another] = changed;
  if (model.shareBy === undefined || readsDataset(query)) return null;
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
