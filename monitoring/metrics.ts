import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

const PREFIX = 'eventlake_';
/** Seconds that a commit takes: from a chunk on this machine to a large batch on a slow store. */
const COMMIT_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
/** Seconds that a whole table takes. */
const TABLE_BUCKETS = [0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/** What Prometheus is told, as metrics of one registry. docs/monitoring.md describes each. */
export type Metrics = ReturnType<typeof defineMetrics>;

/** Defines all metrics; every one carries the dataset. */
export function defineMetrics(dataset: string) {
  const registry = new Registry();
  registry.setDefaultLabels({ dataset });
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Counter({ name: PREFIX + name, help, labelNames, registers });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[] = []) =>
    new Gauge({ name: PREFIX + name, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: PREFIX + name, help, buckets, registers });
  return {
    registry,
    // ingest
    ingestRows: counter('ingest_rows_total', 'Rows of the file that are in the log'),
    ingestDeadLetters: counter('ingest_dead_letters_total', 'Of these rows, those that became dead letters'),
    ingestBytes: counter('ingest_bytes_total', 'Bytes of the decompressed file that these rows are'),
    ingestCommit: histogram(
      'ingest_commit_duration_seconds',
      'Time that a chunk took into the log',
      COMMIT_BUCKETS,
    ),
    // archive
    readRecords: counter('read_records_total', 'Records read from the log, also again', ['stream'] as const),
    readBytes: counter('read_bytes_total', 'Bytes of these records', ['stream'] as const),
    committedRecords: counter('committed_records_total', 'Records in the lake, as events or as rejected'),
    archivedEvents: counter('archived_events_total', 'Of these records, the events'),
    rejected: counter('rejected_records_total', 'Of these records, the rejected', ['reason'] as const),
    archivedBytes: counter('archived_bytes_total', 'Bytes of the Parquet files that hold these records'),
    commits: counter('commits_total', 'Batches committed to the lake'),
    commit: histogram('commit_duration_seconds', 'Time from a read batch to its commit', COMMIT_BUCKETS),
    superseded: counter('superseded_batches_total', 'Batches dropped because another worker was faster'),
    // model and publish
    model: histogram('model_duration_seconds', 'Time that the profiles took to compute', TABLE_BUCKETS),
    publish: histogram('publish_duration_seconds', 'Time that the index took to renew', TABLE_BUCKETS),
    documents: counter('published_documents_total', 'Documents of the index', ['operation'] as const),
    // all stages
    retries: counter('retries_total', 'Times that the stage was tried again after a failure', [
      'hop',
    ] as const),
    failing: gauge('failing', '1 while the last try of the stage failed', ['hop'] as const),
    lastSuccess: gauge('last_success_timestamp_seconds', 'When the stage last went well', ['hop'] as const),
    // the stores, as they are when asked
    reachable: gauge('store_reachable', '1 when the store answered just now', ['store'] as const),
    lag: gauge('lag_offsets', 'Offsets of the log not in the lake yet', ['stream', 'partition'] as const),
    tableVersion: gauge('table_version', 'Newest version of the table', ['table'] as const),
    tableRows: gauge('table_rows', 'Rows of that version', ['table'] as const),
    tableBytes: gauge('table_bytes', 'Bytes of the Parquet files of that version', ['table'] as const),
    diskFree: gauge('disk_free_bytes', 'Free bytes of the disk that holds EVENTLAKE_HOME'),
    diskSize: gauge('disk_size_bytes', 'Size of that disk'),
  };
}
