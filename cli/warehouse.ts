import { Option } from 'commander';
import { migrationsOf } from '../config/dataset/migrations.ts';
import type { DatasetFolder } from '../config/dataset/read.ts';
import type { Settings } from '../config/settings.ts';
import type { Dataset, WarehousePublication } from '../core/dataset.ts';
import type { Sink, Warehouse } from '../core/sink.ts';
import { note } from './output.ts';

/** `--write-mode`, of the commands that publish. */
export function writeModeOption(): Option {
  return new Option(
    '--write-mode <mode>',
    'how PostgreSQL is written to (default: WAREHOUSE_WRITE_MODE, or batch)',
  ).choices(['batch', 'partition']);
}

// Client libraries are loaded only where they are used.

/** The sinks of the tables in PostgreSQL, by name. */
export async function openTables(
  { warehouse }: Settings,
  { dataset, folder }: DatasetFolder,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, Sink>> {
  const tables = tablesOf(dataset);
  if (!warehouse || tables.length === 0) return new Map();
  const { PostgresTables } = await import('../adapters/postgres/tables.ts');
  const migrations = await migrationsOf({ folder });
  const onStatement = (text: string) => note(`postgres: ${text}`, 'debug', { event: 'sql' });
  const { sinks } = new PostgresTables({
    ...warehouse,
    ...{ dataset: dataset.name, tables, migrations, signal, onStatement },
  });
  return new Map(sinks.map((sink, i) => [tables[i]?.table ?? '', sink]));
}

/** Queries on the tables in PostgreSQL; null where none are published there. */
export async function openWarehouse(
  { warehouse }: Settings,
  dataset: Dataset,
  signal?: AbortSignal,
): Promise<Warehouse | null> {
  const tables = tablesOf(dataset);
  if (!warehouse || tables.length === 0) return null;
  const { PostgresWarehouse } = await import('../adapters/postgres/warehouse.ts');
  return new PostgresWarehouse({ url: warehouse.url, dataset: dataset.name, tables, signal });
}

function tablesOf({ publish }: Dataset): WarehousePublication[] {
  return publish.flatMap((one) => (one.to === 'postgres' ? [one] : []));
}
