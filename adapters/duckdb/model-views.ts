import { fileColumns } from '../../core/data-files.ts';
import { EVENTS_TABLE } from '../../core/dataset.ts';
import type { SqlSession } from '../../core/engine.ts';
import { eventColumns } from '../../core/lake-tables.ts';
import { DATASET_RELATION, readsDataset } from '../../core/model-query.ts';
import { makeDatasetOf } from './latest-event.ts';
import type { EventRows, ModelRun } from './model-run.ts';
import { tableRelation } from './relations.ts';

/**
 * Makes the inputs visible to the query, and answers with what there is of events: these are not visible yet.
 */
export async function openInputs(run: ModelRun): Promise<EventRows> {
  const { sql, dataset, query, inputs } = run;
  await defineSparkFunctions(sql);
  const relation = (paths: readonly string[]) => tableRelation(eventColumns(dataset), paths);
  let events: EventRows = { source: relation([]), rows: 0, paths: [] };
  for (const { name, table } of inputs) {
    const paths = await run.paths(table);
    if (name !== EVENTS_TABLE) await view(sql, name, tableRelation(fileColumns(table), paths));
    else {
      events = { source: relation(paths), rows: Number(table.rows), paths };
      if (readsDataset(query)) await makeDatasetOf(sql, dataset.time, table.files, paths, relation);
    }
  }
  return events;
}

/**
 * Makes a relation visible under a name. A table of another dataset is a view in a schema of that dataset's
 * name.
 */
export async function view(sql: SqlSession, name: string, source: string): Promise<void> {
  const [schema, other] = name.split('.');
  if (other === undefined) await sql.run(`CREATE OR REPLACE TEMP VIEW ${name} AS SELECT * FROM ${source}`);
  else
    await sql.run(
      `CREATE SCHEMA IF NOT EXISTS ${schema}; CREATE OR REPLACE VIEW ${name} AS SELECT * FROM ${source}`,
    );
}

/** Forgets the inputs of these names, the events and `dataset`. */
export async function dropInputs(sql: SqlSession, names: readonly string[]): Promise<void> {
  for (const name of names) await sql.run(`DROP VIEW IF EXISTS ${name}`);
  await sql.run(`DROP VIEW IF EXISTS ${EVENTS_TABLE}; DROP TABLE IF EXISTS ${DATASET_RELATION}`);
}

/**
 * Names that Spark SQL has and DuckDB lacks, so that one model text runs on both. `sha2` is for 256 bits
 * alone.
 */
export async function defineSparkFunctions(sql: SqlSession): Promise<void> {
  await sql.run(`
CREATE OR REPLACE TEMP MACRO unix_timestamp(t) AS epoch_us(t) // 1000000;
CREATE OR REPLACE TEMP MACRO sha2(text, bits) AS sha256(text)`);
}
