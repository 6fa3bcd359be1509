import { type Dataset, entityKeyOf, keyOf, type Model, modelOf } from '../core/dataset.ts';
import type { SqlSession } from '../core/engine.ts';
import { EventlakeError, UsageError } from '../core/errors.ts';
import { literal } from '../core/sql.ts';
import { isInt64, plainCounts } from '../inspection/rows.ts';
import type { EntitiesAnswer } from './api.ts';
import type { LakeView, SeenLake, SeenTable } from './lake-view.ts';
import { plainRows } from './plain-rows.ts';
import { rolesOf } from './roles.ts';

/** A page of the model's table. */
export interface EntitiesRequest {
  readonly q?: string | undefined;
  readonly segment?: string | undefined;
  readonly sort?: string | undefined;
  readonly order: 'asc' | 'desc';
  readonly limit: number;
  readonly offset: number;
}

/** The dataset's model and its table. @throws `dataset:no_model` */
export function modelledIn(dataset: Dataset, { profiles }: SeenLake): { model: Model; profiles: SeenTable } {
  const model = modelOf(dataset);
  if (model && profiles) return { model, profiles };
  throw new EventlakeError(
    'dataset:no_model',
    `The dataset ${dataset.name} has no model, and so no ${dataset.entity.plural}`,
    {
      hint: 'A dataset file with `models` has them: docs/adding-a-dataset.md.',
    },
  );
}

/** Searches, sorts and pages through the entities. @throws `request:unknown_column`, `request:no_role` */
export async function entities(
  dataset: Dataset,
  view: LakeView,
  sql: SqlSession,
  request: EntitiesRequest,
): Promise<EntitiesAnswer> {
  return view.read(async (seen) => {
    const { model, profiles } = modelledIn(dataset, seen);
    const column = sortColumn(model, profiles, request.sort);
    const sort = { column, order: request.order };
    const { segment } = rolesOf(dataset, profiles);
    if (request.segment !== undefined && segment === null && profiles.snapshot) {
      throw new EventlakeError(
        'request:no_role',
        `The ${dataset.entity.plural} of this dataset have no segments`,
      );
    }
    const paths = await view.paths(profiles);
    if (paths.length === 0) return { total: 0, sort, entities: [] };
    const parts = ['true'];
    if (request.q) parts.push(`starts_with(CAST(${keyOf(model)} AS VARCHAR), ${literal(request.q)})`);
    if (request.segment !== undefined) parts.push(`${segment} = ${literal(request.segment)}`);
    const matching = `FROM ${sql.parquet(paths)} WHERE ${parts.join(' AND ')}`;
    const [counted] = await sql.rows(`SELECT count(*) AS total ${matching}`);
    const rows = await sql.rows(
      `SELECT * ${matching} ORDER BY ${column} ${request.order} NULLS LAST, ${keyOf(model)} LIMIT ${request.limit} OFFSET ${request.offset}`,
    );
    return {
      total: Number(counted?.total),
      sort,
      entities: plainRows(rows.map((row) => plainCounts(row, keyOf(model)))),
    };
  });
}

function sortColumn(model: Model, { snapshot }: SeenTable, wanted: string | undefined): string {
  if (wanted === undefined) return model.audit?.amount ?? model.audit?.events ?? keyOf(model);
  const names = snapshot?.fields.map((field) => field.name) ?? [wanted];
  const found = names.find((name) => name === wanted);
  if (found !== undefined && /^[a-z_][a-z0-9_]*$/.test(found)) return found;
  throw new EventlakeError('request:unknown_column', `There is no column "${wanted}" to sort by`, {
    hint: `The columns are ${names.join(', ')}.`,
  });
}

/** The condition that an event is of this entity. @throws `entity:bad_id` */
export function ofEntity(dataset: Dataset, id: string): string {
  const key = entityKeyOf(dataset);
  if (dataset.columns.find((column) => column.name === key)?.type !== 'int64')
    return `${key} = ${literal(id)}`;
  if (isInt64(id)) return `${key} = ${BigInt(id)}`;
  throw new UsageError('entity:bad_id', `"${id}" is no ${key}: it must be a 64-bit integer`);
}
