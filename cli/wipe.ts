import type { Settings } from '../config/settings.ts';
import type { EventLog, ObjectStore } from '../core/contracts.ts';
import type { Dataset, SinkPublication } from '../core/dataset.ts';
import { EventlakeError, hasCode } from '../core/errors.ts';
import type { Sink } from '../core/sink.ts';
import { forDataset } from './hints.ts';
import { note } from './output.ts';

/** A publication for which the settings name a server, and the sink there. */
export interface OpenPublication {
  readonly table: string;
  readonly to: SinkPublication['to'];
  readonly sink: Sink;
}

/** The stores of a dataset, which are wiped together. */
export interface WipedStores {
  readonly dataset: Dataset;
  readonly settings: Pick<Settings, 'kafka'>;
  readonly log: EventLog;
  readonly store: ObjectStore;
  readonly publications: readonly OpenPublication[];
}

/** What an object beside the tables says while lake and index are being wiped. */
interface Mark {
  /** UTC, ISO 8601. */
  readonly began: string;
  /**
   * What the reset wipes of publications, by {@link markOf}. A server may have another address now, so that
   * it says nothing of these.
   */
  readonly published: readonly string[];
}

const DELETED_AT_ONCE = 1000;

/**
 * Wipes log, lake and sinks. The log goes first: when that alone is
 * done, the lake is refused (`lake:other_log`) until the reset is repeated, and never filled twice. From then
 * on a mark in the lake says that the rest must follow.
 */
export async function wipeStores(stores: WipedStores): Promise<void> {
  if (isLogWiped(stores)) await stores.log.wipe();
  await wipeLakeAndSinks(stores);
}

/** Whether the log goes too: a topic of Kafka that others write stays, and nobody else writes a local log. */
export function isLogWiped({ dataset, settings }: Pick<WipedStores, 'dataset' | 'settings'>): boolean {
  return dataset.source.type !== 'topic' || settings.kafka === null;
}

/**
 * Finishes a reset that was interrupted after it had wiped the log; does nothing when there is none.
 * @throws `reset:unfinished` when it has to wipe an index and none is set.
 */
export async function finishReset(stores: WipedStores): Promise<void> {
  const { dataset, store, publications } = stores;
  const mark = await markIn(store, dataset);
  if (mark === null) return;
  const given = new Set(publications.map(markOf));
  const missing = mark.published.filter((published) => !given.has(published));
  if (missing.length > 0) {
    throw new EventlakeError(
      'reset:unfinished',
      `The reset of ${dataset.name} at ${mark.began} has not wiped what shows ${missing.join(', ')} yet`,
      {
        hint: 'Set ELASTICSEARCH_URL and WAREHOUSE_URL as they were then; or, if that server is gone: eventlake reset --yes',
      },
    );
  }
  note(`finishing the reset of ${mark.began}, which was interrupted: wiping the lake and the index`);
  await wipeLakeAndSinks(stores);
}

/** Warns of a reset that was interrupted, for commands that only look. */
export async function warnOfUnfinishedReset({ store, dataset }: WipedStores): Promise<void> {
  const mark = await markIn(store, dataset);
  if (mark === null) return;
  note(`warning: the reset of ${mark.began} was interrupted: lake and index are wiped in part`, 'warn', {
    event: 'reset_unfinished',
    hint: forDataset(
      'The next ingest, process or run finishes it, and so does: eventlake reset --yes',
      dataset.name,
    ),
  });
}

async function wipeLakeAndSinks({ dataset, store, publications }: WipedStores): Promise<void> {
  const key = markKey(dataset);
  let keys: string[] = [];
  let marked = false;
  const deleteKeys = async () => {
    if (keys.length === 0) return;
    if (!marked) await mark(store, key, publications.map(markOf));
    marked = true;
    await store.delete(keys);
    keys = [];
  };
  for await (const found of store.list(`${dataset.name}/`)) {
    if (found.key !== key) keys.push(found.key);
    if (keys.length >= DELETED_AT_ONCE) await deleteKeys();
  }
  await deleteKeys();
  for (const { sink } of publications.toReversed()) await sink.wipe();
  await store.delete([key]);
}

/** A table in the index is called by its name alone. */
function markOf({ table, to }: OpenPublication): string {
  return to === 'elasticsearch' ? table : `${table} (${to})`;
}

async function mark(store: ObjectStore, key: string, published: readonly string[]): Promise<void> {
  const text: Mark = { began: new Date().toISOString(), published };
  await store.put(key, Buffer.from(`${JSON.stringify(text)}\n`));
}

async function markIn(store: ObjectStore, dataset: Dataset): Promise<Mark | null> {
  try {
    return JSON.parse((await store.get(markKey(dataset))).toString());
  } catch (error) {
    if (hasCode(error, 'object:missing')) return null;
    throw error;
  }
}

/** In no table's folder. */
function markKey({ name }: Dataset): string {
  return `${name}/_reset.json`;
}
