import {
  type Column,
  EVENTS_TABLE,
  type Model,
  mayIdentify,
  type Publication,
  REJECTED_TABLE,
} from '../../core/dataset.ts';
import type { Complain } from './complain.ts';

/** What is wrong with the models for these columns. */
export function checkModels(
  models: readonly Model[],
  publish: readonly Publication[],
  columns: readonly Column[],
  complain: Complain,
): void {
  const identified = new Set(publish.filter(({ to }) => to === 'elasticsearch').map(({ table }) => table));
  for (const [i, model] of models.entries()) {
    const { table, key, shareBy } = model;
    checkKind(model, columns, (path, message) => complain(['models', i, ...path], message));
    if ([EVENTS_TABLE, REJECTED_TABLE].includes(table))
      complain(['models', i, 'table'], `${table} is a table of every dataset`);
    if (models.findIndex((m) => m.table === table) < i)
      complain(['models', i, 'table'], `names ${table} a second time`);
    if (identified.has(table) && key.length > 1)
      complain(
        ['models', i, 'key'],
        'names several columns, and the key of a table that people look at has one',
      );
    else if (identified.has(table))
      for (const [n, named] of key.entries()) mustIdentify(columns, named, ['models', i, 'key', n], complain);
    if (shareBy !== undefined) mustIdentify(columns, shareBy, ['models', i, 'shareBy'], complain);
  }
}

function checkKind(
  { sql, lookup, csv, from, key, shareBy, reads }: Model,
  columns: readonly Column[],
  complain: Complain,
): void {
  const kinds = [sql, lookup, csv].filter((kind) => kind !== undefined);
  if (kinds.length !== 1) complain(['table'], 'needs one of sql, lookup and csv');
  if (from !== undefined && lookup === undefined) complain(['from'], 'is for a look-up');
  if (lookup !== undefined) {
    const type = columns.find((c) => c.name === from)?.type;
    if (type !== 'string') complain(['lookup'], 'needs from, a column of the contract of type string');
    if (key.length > 1 || key[0] !== from)
      complain(['key'], `must be [${from}], the column that is looked up`);
  }
  if (csv && key.length > 1) complain(['key'], 'must be one column of the files');
  if (csv && !csv.columns.includes(key[0] ?? '')) complain(['key'], 'must be one of the columns of csv');
  for (const [name, value] of Object.entries({ shareBy, reads }))
    if (value !== undefined && sql === undefined) complain([name], 'is for a model with sql');
}

function mustIdentify(
  columns: readonly Column[],
  named: string,
  path: (string | number)[],
  complain: Complain,
): void {
  const column = columns.find((c) => c.name === named);
  if (!column) complain(path, `names ${named}, which is not one of the columns`);
  else if (!mayIdentify(column))
    complain(path, `names ${named}, which must be a required column of type int64 or string`);
}

/** What is wrong with what is published of these models. */
export function checkPublications(
  publish: readonly Publication[],
  models: readonly Model[],
  complain: Complain,
): void {
  for (const [i, { table, to }] of publish.entries()) {
    if (to !== 'csv' && !models.some((m) => m.table === table))
      complain(['publish', i, 'table'], `names ${table}, which is not the table of a model`);
    if (publish.findIndex((p) => p.table === table && p.to === to) < i)
      complain(['publish', i, 'table'], `names ${table} a second time`);
  }
}
