import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { TableField } from '../core/data-files.ts';
import type { Column, Model } from '../core/dataset.ts';
import type { LocalEngine } from '../core/engine.ts';
import { EventlakeError, hasCode } from '../core/errors.ts';
import type { Sink, SinkField } from '../core/sink.ts';
import type { LocalFiles } from '../lake/local-files.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import type { DeltaTable } from '../lake/table.ts';
import type { PublishResult } from './observer.ts';

/** What the publish stage works on and with, for one table. */
export interface PublishContext {
  readonly model: Model;
  /** The contract's columns. */
  readonly columns: readonly Column[];
  readonly profiles: DeltaTable;
  /** The version to publish; the newest when absent. */
  readonly version?: bigint | undefined;
  readonly sink: Sink;
  readonly files: LocalFiles;
  readonly engine: LocalEngine;
  readonly temporary: string;
  /** Sends every row, also those that the sink shows already. */
  readonly republish?: boolean;
  /**
   * Told each time that the sink has taken some of the changes: how many so far, where the sink knows, and
   * how many there are.
   */
  onProgress?(done: number | undefined, total: number): void;
}

/** A table whose changes its sink has, and that is to be finished: null where there is nothing to finish. */
interface Prepared {
  readonly context: PublishContext;
  readonly result: PublishResult;
  readonly next: Snapshot | null;
}

/**
 * The fourth stage: brings the sink to a version of the derived table, by what differs from the version that
 * the sink shows, and by everything when the sink shows another table. Rows carry the table's version, so
 * that a run that was killed is simply repeated.
 * @throws `lake:replaced` when the table was deleted meanwhile.
 */
export async function publish(context: PublishContext): Promise<PublishResult> {
  const [result] = await publishTogether([context]);
  if (!result) throw new Error('one context gives one result');
  return result;
}

/**
 * As {@link publish} of each of these, whose sinks are one sink or of one group and become visible together.
 */
export async function publishTogether(contexts: readonly PublishContext[]): Promise<PublishResult[]> {
  const folders: string[] = [];
  try {
    const prepared: Prepared[] = [];
    for (const context of contexts) {
      const folder = join(context.temporary, `publish-${process.pid}-${crypto.randomUUID()}`);
      folders.push(folder);
      prepared.push(await prepare(context, folder));
    }
    await finish(prepared);
    return prepared.map(({ result }) => result);
  } catch (error) {
    // A run that was killed had put documents there that are not in any finished version, or another writer
    // was quicker.
    if (hasCode(error, 'index:incomplete') || hasCode(error, 'warehouse:superseded'))
      return publishTogether(contexts.map((context) => ({ ...context, republish: false })));
    throw error;
  } finally {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  }
}

/** Hands the sink what differs. */
async function prepare(context: PublishContext, folder: string): Promise<Prepared> {
  const { profiles, sink } = context;
  const newest = await profiles.snapshot();
  if (!newest) return nothing(context, 'no_profiles', null);
  const wanted = await wantedOf(context, newest);
  const fields = sinkFields(wanted.fields, context);
  if (context.republish) await sink.forget();
  const shown = await sink.open(fields, wanted.metaData.id);
  if (shown !== null && shown > newest.version) {
    throw new EventlakeError(
      'index:ahead',
      `${sink.description} shows version ${shown} of ${profiles.path}, which is only at ${newest.version}`,
      {
        hint: 'Was the lake restored from an older copy? Fill it again with: eventlake process --republish',
      },
    );
  }
  if (shown !== null && shown >= wanted.version) return nothing(context, 'up_to_date', shown);
  return prepareFrom(context, wanted, shown, fields, folder);
}

function nothing(
  context: PublishContext,
  outcome: PublishResult['outcome'],
  version: bigint | null,
): Prepared {
  return { context, result: { outcome, version, stored: 0, deleted: 0 }, next: null };
}

/** The version to publish. A table that was made again since that was decided is published as it is. */
async function wantedOf({ profiles, version }: PublishContext, newest: Snapshot): Promise<Snapshot> {
  if (version === undefined || version >= newest.version) return newest;
  return (await profiles.snapshot(version)) ?? newest;
}

async function prepareFrom(
  context: PublishContext,
  wanted: Snapshot,
  shownVersion: bigint | null,
  fields: readonly SinkField[],
  folder: string,
): Promise<Prepared> {
  const { profiles, sink } = context;
  let shown = shownVersion;
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'changes.tsv');
  context.files.recheck();
  const newPaths = await context.files.paths(profiles, wanted);
  const oldPaths = shown === null ? [] : await shownFiles(context, shown);
  if (oldPaths === null) {
    // What the sink shows can no longer be compared with: it is filled again.
    await sink.forget();
    shown = await sink.open(fields, wanted.metaData.id);
  }
  // A file that both versions have holds the same rows, and their keys stand in no other file.
  const added = without(newPaths, oldPaths ?? []);
  const removed = without(oldPaths ?? [], newPaths);
  const total = await context.engine.changes({ form: sink.form, fields, added, removed }, file);
  const counts = await sink.apply(file, wanted.version, (done) => context.onProgress?.(done, total));
  return {
    context,
    result: { outcome: 'published', version: wanted.version, ...counts },
    next: wanted,
  };
}

/** Lets the sinks show their new versions, together where they can. */
async function finish(prepared: readonly Prepared[]): Promise<void> {
  const versions = new Map<Sink, bigint>();
  for (const { context, next } of prepared) {
    if (!next) continue;
    await requireStill(context.profiles, next);
    versions.set(context.sink, next.version);
  }
  const [first] = versions.keys();
  if (first?.group) await first.group.finish(versions);
  else for (const [sink, version] of versions) await sink.finish(version);
}

function without(paths: readonly string[], others: readonly string[]): string[] {
  const known = new Set(others);
  return paths.filter((path) => !known.has(path));
}

/**
 * What was sent stays invisible when the table is no longer there: a reset, or another writer of the new
 * table, removes it.
 */
async function requireStill(table: DeltaTable, published: Snapshot): Promise<void> {
  const now = await table.snapshot();
  if (now?.metaData.id === published.metaData.id) return;
  throw new EventlakeError('lake:replaced', `table ${table.path} was deleted while it was published`, {
    hint: 'What it was published to still shows what it did before. Run this again.',
    retriable: true,
  });
}

/**
 * The derived table's columns as a sink wants them. Text is JSON where the contract says so of a column of
 * this name.
 */
export function sinkFields(
  fields: readonly TableField[],
  { model, columns }: Pick<PublishContext, 'model' | 'columns'>,
): SinkField[] {
  const json = new Set(columns.filter(({ type }) => type === 'json').map(({ name }) => name));
  return fields.map(({ name, type }) => ({
    name,
    type: type === 'string' && json.has(name) ? 'json' : type,
    key: model.key.includes(name),
  }));
}

async function shownFiles({ profiles, files }: PublishContext, version: bigint): Promise<string[] | null> {
  try {
    const shown = await profiles.snapshot(version);
    return shown ? await files.paths(profiles, shown) : null;
  } catch (error) {
    if (hasCode(error, 'lake:version_missing') || hasCode(error, 'object:missing')) return null;
    throw error;
  }
}
