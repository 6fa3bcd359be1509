import type { TableField } from '../../core/data-files.ts';
import { EVENTS_TABLE } from '../../core/dataset.ts';
import type { ModelJob, SqlSession } from '../../core/engine.ts';
import { EventlakeError } from '../../core/errors.ts';
import { eventsFields } from '../../core/lake-tables.ts';
import { fieldNamed, requireNamed } from '../../core/model-columns.ts';
import { unreadableCsv } from './csv-query.ts';
import { makeDataset } from './latest-event.ts';
import { lookupFields } from './model-lookup.ts';
import type { TableColumns } from './model-run.ts';
import { defineSparkFunctions, dropInputs, view } from './model-views.ts';
import { emptyRelation } from './relations.ts';

/**
 * The field that stores a column which DuckDB's DESCRIBE calls `sqlType`; `lake:unsupported_type` when there
 * is none.
 */
export function fieldOfSqlType(name: string, sqlType: string, nullable: boolean): TableField {
  return fieldNamed('duckdb', name, sqlType, nullable);
}

/** The derived table's columns as the model will make them, before there is any event or earlier table. */
export async function modelFields(
  sql: SqlSession,
  { dataset, model, query, lookup }: Pick<ModelJob, 'dataset' | 'model' | 'query' | 'lookup'>,
  earlier: TableColumns,
): Promise<TableField[]> {
  if (lookup) return lookupFields(model.from ?? '', lookup);
  await defineSparkFunctions(sql);
  const tables = { ...earlier, [EVENTS_TABLE]: eventsFields(dataset) };
  for (const [name, fields] of Object.entries(tables)) await view(sql, name, emptyRelation(fields));
  await makeDataset(sql, dataset.time, EVENTS_TABLE);
  try {
    return await describeModel(sql, { model, query });
  } finally {
    await dropInputs(sql, Object.keys(tables));
  }
}

/** The model's columns. What is wrong with its SQL shows here. */
export async function describeModel(
  sql: SqlSession,
  { model, query }: Pick<ModelJob, 'model' | 'query'>,
): Promise<TableField[]> {
  const described = await sql.rows(`DESCRIBE ${query}`).catch((cause: Error) => {
    if (model.csv) throw unreadableCsv(model.table, model.csv, cause);
    throw new EventlakeError('model:invalid', `${model.sql} is no query over events: ${cause.message}`, {
      cause,
    });
  });
  const fields = described.map((row) =>
    fieldOfSqlType(String(row.column_name), String(row.column_type), true),
  );
  requireNamed(
    model,
    fields.map(({ name }) => name),
  );
  return fields;
}
