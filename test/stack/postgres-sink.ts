import type { PostgresAddress } from '../../adapters/postgres/connection.ts';
import type { PostgresSink } from '../../adapters/postgres/sink.ts';
import { PostgresTables, type PublishedDataset } from '../../adapters/postgres/tables.ts';

/** The sink of a dataset's first table. */
export function sinkOf(options: PostgresAddress & PublishedDataset): PostgresSink {
  const [sink] = new PostgresTables(options).sinks;
  if (!sink) throw new Error('the dataset publishes a table');
  return sink;
}
