import type { TableField } from '../core/data-files.ts';
import { EventlakeError } from '../core/errors.ts';
import { isFieldType } from '../core/field-types.ts';
import { corrupt } from './actions.ts';

/** A `schemaString` of the Delta protocol. */
export function formatSchema(fields: readonly TableField[]): string {
  return JSON.stringify({
    type: 'struct',
    fields: fields.map(({ name, type, nullable }) => ({ name, type, nullable, metadata: {} })),
  });
}

/**
 * Reads a `schemaString`. `lake:unsupported` when it holds nested or other types, or invariants to be
 * enforced; `lake:corrupt` when it is no schema.
 */
export function parseSchema(schemaString: string, table: string): TableField[] {
  let schema: { fields?: unknown } | null;
  try {
    schema = JSON.parse(schemaString);
  } catch (cause) {
    throw corrupt(`table ${table}`, 'its schema is not JSON', cause);
  }
  if (!Array.isArray(schema?.fields)) throw corrupt(`table ${table}`, 'its schema has no list of fields');
  const names = new Set<string>();
  return schema.fields.map((field: Record<string, unknown> | null) => {
    const { name, type, nullable, metadata } = field ?? {};
    if (typeof name !== 'string' || typeof nullable !== 'boolean' || names.has(name.toLowerCase())) {
      throw corrupt(`table ${table}`, `its schema has no proper field ${JSON.stringify(field)}`);
    }
    names.add(name.toLowerCase());
    const hasInvariant = (metadata as Record<string, unknown> | null)?.['delta.invariants'] !== undefined;
    if (!isFieldType(type) || hasInvariant) {
      throw new EventlakeError(
        'lake:unsupported',
        `table ${table}: column ${name} has ${isFieldType(type) ? 'an invariant' : `type ${JSON.stringify(type)}`}, which eventlake does not know`,
        {
          hint: 'The table was changed by another program. Give the dataset another name, or undo that change.',
        },
      );
    }
    return { name, type, nullable };
  });
}

/** A table's columns, and those by whose values its files are kept apart. */
interface Layout {
  readonly fields: readonly TableField[];
  readonly partitionBy: readonly string[];
}

/**
 * The table's fields once rows of the `wanted` ones are in it. Columns, types and partitioning must be the
 * same; a column that may be null here may be null there. Where rows are only appended, columns that may be
 * null are added at the end: earlier rows read as null there. Where all rows are replaced, so are the
 * columns. Otherwise `lake:schema_mismatch`, naming the column.
 */
export function mergedFields(
  table: string,
  existing: Layout,
  wanted: Layout & { readonly remove: 'all' | 'none' | readonly unknown[] },
): readonly TableField[] {
  const names = new Set(existing.fields.map(({ name }) => name));
  const added = wanted.fields.filter(({ name, nullable }) => nullable && !names.has(name));
  const fields =
    wanted.remove === 'none' && added.length > 0 ? [...existing.fields, ...added] : existing.fields;
  const difference = columnDifference(fields, wanted.fields) ?? partitionDifference(existing, wanted);
  if (difference === null) return fields;
  if (wanted.remove === 'all' && partitionDifference(existing, wanted) === null) return wanted.fields;
  throw mismatch(table, difference);
}

/**
 * Checks that columns have the same type in the table and in the contract, where both have them; otherwise
 * `lake:schema_mismatch`.
 */
export function checkTypes(
  table: string,
  fields: readonly TableField[],
  wanted: readonly TableField[],
): void {
  const there = new Map(fields.map(({ name, type }) => [name, type]));
  for (const { name, type } of wanted) {
    const found = there.get(name) ?? type;
    if (found !== type) throw mismatch(table, `column ${name} is ${found} there and ${type} here`);
  }
}

function mismatch(table: string, difference: string): EventlakeError {
  return new EventlakeError('lake:schema_mismatch', `table ${table}: ${difference}`, {
    hint: 'Events keep their columns; only optional ones can be added. Undo the change of the contract, use another dataset name, or reset the dataset and run again.',
  });
}

/**
 * Checks that rows can be read by these columns; `lake:schema_mismatch` where a table of another dataset or
 * program lies in the place.
 */
export function checkColumns(table: string, fields: readonly TableField[], wanted: readonly string[]): void {
  const absent = wanted.find((name) => !fields.some((field) => field.name === name));
  if (absent === undefined) return;
  throw new EventlakeError('lake:schema_mismatch', `table ${table} has no column ${absent}`, {
    hint: 'A column that is added to a contract must be optional. Else it is a table of another dataset or program: restore it from a copy, or reset the dataset and run again.',
  });
}

/** Why rows of the `wanted` columns cannot stand beside rows of these, in words; null where they can. */
export function columnDifference(
  fields: readonly TableField[],
  wanted: readonly TableField[],
): string | null {
  const there = new Map(fields.map((field) => [field.name, field]));
  for (const { name, type, nullable } of wanted) {
    const field = there.get(name);
    if (field === undefined) return `it has no column ${name}`;
    if (field.type !== type) return `column ${name} is ${field.type} there and ${type} here`;
    if (nullable && !field.nullable) return `column ${name} must not be null there and may be null here`;
    there.delete(name);
  }
  const [extra] = there.keys();
  return extra === undefined ? null : `it has a column ${extra} that is not written any more`;
}

function partitionDifference(existing: Layout, wanted: Layout): string | null {
  const [a, b] = [existing.partitionBy.join(', '), wanted.partitionBy.join(', ')];
  return a === b ? null : `it is partitioned by (${a}), not by (${b})`;
}
