import type { TableField } from './data-files.ts';
import { type Model, sourceOf } from './dataset.ts';
import { EventlakeError } from './errors.ts';
import { fieldTypeNamed, type TypeNames, typeNames } from './field-types.ts';

/**
 * The field that stores a column whose type this engine calls `sqlType`; `lake:unsupported_type` when there
 * is none.
 */
export function fieldNamed(engine: TypeNames, name: string, sqlType: string, nullable: boolean): TableField {
  const type = fieldTypeNamed(engine, sqlType);
  if (type !== null) return { name, type, nullable };
  throw new EventlakeError(
    'lake:unsupported_type',
    `column ${name} has type ${sqlType}, which tables do not store`,
    {
      hint: `Cast it to one of ${typeNames(engine).join(', ')} or DECIMAL(p,s).`,
    },
  );
}

/** Checks that the dataset file names only columns of the model: `model:invalid` otherwise. */
export function requireNamed(model: Model, columns: readonly string[]): void {
  const named = [...model.key, model.audit?.events, model.audit?.amount];
  const lacks = named.find((name) => name !== undefined && !columns.includes(name));
  if (lacks === undefined) return;
  throw new EventlakeError(
    'model:invalid',
    `${sourceOf(model)} gives no column ${lacks}, which the dataset file names`,
  );
}
