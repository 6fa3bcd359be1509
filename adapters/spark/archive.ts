import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { partsOf } from '../../core/column-source.ts';
import type { Stream } from '../../core/contracts.ts';
import type { StoredFile } from '../../core/data-files.ts';
import { EVENTS_TABLE, REJECTED_TABLE } from '../../core/dataset.ts';
import type { ArchivedFiles, ArchiveJob, LocalEngine } from '../../core/engine.ts';
import { MONTH } from '../../core/lake-tables.ts';
import { beyond } from '../../core/sql.ts';
import { checkedEvents, eventsByMonth, type LeftRecords, leftRecords, UNCERTAIN } from './contract-sql.ts';
import { SPARK, type SparkLake, writeFiles } from './delta-files.ts';
import { kafkaView, type SparkKafka } from './kafka-source.ts';
import { placeOf } from './lake-place.ts';
import type { OffsetRange, OffsetsBatch } from './offsets-batch.ts';

const EVENTS_VIEW = 'eventlake_events_log';
const LETTERS_VIEW = 'eventlake_dead_letters_log';

/** What archiving works with. */
export interface SparkArchive extends SparkLake {
  readonly kafka: SparkKafka;
  readonly local: LocalEngine;
}

/**
 * Turns a range of offsets into files. Spark types and checks the events, and writes those that are certainly
 * good where they belong. All others, and dead letters, go through the local engine, so that there is one
 * place that says why an event is rejected. Events are checked once: the others are found by their offsets.
 */
export async function archiveOffsets(
  spark: SparkArchive,
  { dataset, from }: ArchiveJob,
  batch: OffsetsBatch,
): Promise<ArchivedFiles> {
  const { session, kafka, store, bucket } = spark;
  const ranges = batch.ranges.filter((range) => range.from < range.to);
  const events = ranges.filter(({ stream }) => stream === 'events');
  const letters = ranges.filter(({ stream }) => stream === 'dead-letters');
  const view = (name: string, stream: Stream, ranges: readonly OffsetRange[], headers: boolean) =>
    session.run(kafkaView(kafka, { name, stream, ranges, headers }));
  const readsHeaders = partsOf(dataset).some((part) => 'header' in part);
  if (events.length > 0) await view(EVENTS_VIEW, 'events', events, readsHeaders);
  const eventsTable = `${dataset.name}/${EVENTS_TABLE}`;
  const checked =
    events.length > 0
      ? await writeFiles(spark, {
          table: eventsTable,
          query: eventsByMonth(
            dataset,
            checkedEvents(dataset, EVENTS_VIEW),
            beyond(batch.next.keys(), from.events),
          ),
          partitionBy: [MONTH],
        })
      : null;
  const isUncertain = ({ partition }: StoredFile) => partition[MONTH] === UNCERTAIN;
  const uncertain = checked?.files.filter(isUncertain) ?? [];
  const certain = checked?.files.filter((file) => !isUncertain(file)) ?? [];
  const left: LeftRecords[] = [];
  if (uncertain[0]) {
    const places = `parquet.\`${placeOf(bucket, `${eventsTable}/${dirname(uncertain[0].path)}`)}\``;
    await view(EVENTS_VIEW, 'events', events, true);
    left.push({ stream: 'events', records: EVENTS_VIEW, places });
  }
  if (letters.length > 0) {
    await view(LETTERS_VIEW, 'dead-letters', letters, true);
    left.push({ stream: 'dead-letters', records: LETTERS_VIEW, places: null });
  }
  const rejectedTable = `${dataset.name}/${REJECTED_TABLE}`;
  const others =
    left.length > 0
      ? await writeFiles(spark, { table: rejectedTable, query: leftRecords(dataset, left) })
      : null;
  await store.delete(uncertain.map(({ path }) => `${eventsTable}/${path}`));
  const paths = await fetched(spark, rejectedTable, others?.files ?? [], batch.folder);
  const decided = await spark.local.archiveLeft(
    { dataset, from },
    { paths, next: batch.next, folder: batch.folder },
  );
  return {
    ...decided,
    computedBy: SPARK,
    read: { ...decided.read, events: decided.read.events + certain.reduce((sum, { rows }) => sum + rows, 0) },
    events: [...certain, ...decided.events],
  };
}

/** Moves files from the store into a local folder. */
async function fetched(
  { store }: SparkLake,
  table: string,
  files: readonly StoredFile[],
  folder: string,
): Promise<string[]> {
  await mkdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const [i, { path }] of files.entries()) {
    const local = join(folder, `left-${i}.parquet`);
    await store.getFile(`${table}/${path}`, local);
    paths.push(local);
  }
  await store.delete(files.map(({ path }) => `${table}/${path}`));
  return paths;
}
