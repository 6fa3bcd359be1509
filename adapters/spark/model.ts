import { fileColumns, type TableField, type TableVersion } from '../../core/data-files.ts';
import { EVENTS_TABLE, sourceOf } from '../../core/dataset.ts';
import type { ModelFiles, ModelJob } from '../../core/engine.ts';
import { EventlakeError } from '../../core/errors.ts';
import { namesOf } from '../../core/field-types.ts';
import { eventColumns } from '../../core/lake-tables.ts';
import { fieldNamed, requireNamed } from '../../core/model-columns.ts';
import { DATASET_RELATION, readsDataset } from '../../core/model-query.ts';
import { SPARK, type SparkLake, writeFiles } from './delta-files.ts';
import { tableView } from './lake-place.ts';

/** Before the name of a view of all that is stored under the name. */
const STORED = 'eventlake_stored_';

/** Computes the whole table, from the versions of its inputs that the job names. */
export async function computeModel(spark: SparkLake, job: ModelJob): Promise<ModelFiles> {
  const { session } = spark;
  const { dataset, model, query, inputs, signal } = job;
  signal?.throwIfAborted();
  const interrupt = () => void session.interrupt().catch(() => {});
  signal?.addEventListener('abort', interrupt);
  try {
    for (const { name, table } of inputs) await openInput(spark, job, name, table);
    const fields = await describe(spark, job);
    const { files } = await writeFiles(spark, { table: `${dataset.name}/${model.table}`, query });
    job.onProgress?.(1, 1);
    return { computedBy: SPARK, fields, files, async discard() {} };
  } catch (error) {
    signal?.throwIfAborted();
    throw missingFile(error) ?? error;
  } finally {
    signal?.removeEventListener('abort', interrupt);
    for (const name of [...inputs.map(({ name }) => name), DATASET_RELATION])
      await session.run(`DROP VIEW IF EXISTS ${name}`).catch(() => {});
  }
}

/** Makes the table visible to the query under its name, and with the events `dataset`. */
async function openInput(
  { session, bucket }: SparkLake,
  { dataset, query }: ModelJob,
  name: string,
  table: TableVersion,
): Promise<void> {
  const isEvents = name === EVENTS_TABLE;
  const wanted = isEvents ? eventColumns(dataset).slice(0, dataset.columns.length) : fileColumns(table);
  const present = new Set(table.fields.map((field) => field.name));
  // A column that was added to the contract since is null.
  const column = ({ name, type }: TableField) =>
    present.has(name) ? name : `CAST(NULL AS ${namesOf(type).spark}) AS ${name}`;
  await session.run(tableView(bucket, `${STORED}${name}`, table));
  await session.run(
    `CREATE OR REPLACE TEMPORARY VIEW ${name} AS SELECT ${wanted.map(column).join(', ')} FROM ${STORED}${name}`,
  );
  if (!isEvents || !readsDataset(query)) return;
  await session.run(
    `CREATE OR REPLACE TEMPORARY VIEW ${DATASET_RELATION} AS SELECT max(${dataset.time}) AS last_event FROM ${name}`,
  );
}

/** The model's columns. What is wrong with its SQL shows here. */
async function describe({ session }: SparkLake, { model, query }: ModelJob): Promise<TableField[]> {
  const rows = await session.rows(`DESCRIBE QUERY ${query}\n`).catch((cause: Error) => {
    if (!sparkClass(cause)) throw cause;
    throw new EventlakeError(
      'model:invalid',
      `${sourceOf(model)} is no query over events: ${cause.message}`,
      {
        cause,
      },
    );
  });
  const columns = rows.map((row) => [String(row.col_name), String(row.data_type)] as const);
  requireNamed(
    model,
    columns.map(([name]) => name),
  );
  return columns.map(([name, type]) => fieldNamed('spark', name, type, true));
}

/** Spark's name of an error of a statement, such as PARSE_SYNTAX_ERROR; null for failures of another kind. */
function sparkClass(error: unknown): string | null {
  return /\[([A-Z][A-Z0-9_.]+)\]/.exec((error as Error).message)?.[1] ?? null;
}

/** A file of an input that is gone, as the error that every engine gives; null for all other errors. */
function missingFile(error: unknown): EventlakeError | null {
  if (!/FILE_NOT_EXIST|FileNotFoundException/.test((error as Error).message)) return null;
  const [path] = /s3a:\/\/\S+?\.parquet/.exec((error as Error).message) ?? [];
  return new EventlakeError('object:missing', `Spark finds no object ${path ?? 'that a table names'}`, {
    cause: error,
    hint: 'A file of the lake was deleted. Restore it, or start from the beginning with: eventlake reset --yes',
  });
}
