import { z } from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { name } from './name.ts';
import { isColumnType, isEpoch } from './type-names.ts';

/**
 * Numbers in a contract are kept as the text that was written, so that `0.10` and 19 digits stay what they
 * are.
 */
const limit = z
  .union([z.string(), z.number()])
  .transform((limit) =>
    typeof limit === 'number' && Math.abs(limit) > Number.MAX_SAFE_INTEGER ? 'imprecise' : String(limit),
  )
  .pipe(
    z
      .string()
      .regex(/^-?\d+(\.\d+)?$/, 'must be a plain decimal number; quote it if it has more than 15 digits'),
  );

const STRPTIME = /^([^%\0]|%(-[dHIjmMSy]|[aAbBcdfgGHIjmMpSTuUVwWxXyYzZ%]))*$/;
const YEAR = /%-?[YyGcx]/;

/** The form of one column of the contract. */
export const column = z.strictObject({
  name: name.describe(
    'The column in the lake, and in the file or the event unless `from` says another name.',
  ),
  from: z
    .union(
      [
        z.string().min(1).max(200),
        z.strictObject({ key: z.literal(true).describe("The record's key, as text.") }),
        z.strictObject({ header: z.string().min(1).max(200).describe("The header's name.") }),
      ],
      'must be a name, {key: true} or {header: NAME}',
    )
    .exactOptional()
    .describe(
      "The file header's or the JSON field's name, where it differs; or the part of a topic's record that holds the value.",
    ),
  type: z
    .string()
    .refine(
      isColumnType,
      'must be string, int64, double, boolean, date, timestamp, json or decimal(precision,scale) with at most 38 digits',
    )
    .describe('string, int64, double, boolean, date, timestamp, json or decimal(precision,scale).'),
  /** A required column's value is not null either. */
  required: z.boolean().default(false).describe('Must be in the header, and never empty.'),
  description: z.string().exactOptional(),
  allowed: z
    .array(z.string().refine((value) => !value.includes('\0'), 'must not have a NUL'))
    .min(1)
    .exactOptional()
    .describe('The only values allowed, for strings.'),
  min: limit.exactOptional().describe('Smallest value allowed, inclusive.'),
  max: limit.exactOptional().describe('Largest value allowed, inclusive.'),
  /** Of int64 only. */
  zeroDecimals: z
    .boolean()
    .exactOptional()
    .describe('Whole numbers may be written with decimals that are zero, such as 17850.0.'),
  /** A value that is no JSON string breaks the contract otherwise. */
  mixed: z.boolean().exactOptional().describe('A value of any JSON type is taken as its text, for strings.'),
  /** Of timestamps in ISO 8601 only. Such digits are rejected otherwise, unless they are zeros. */
  precision: z
    .literal('cut', 'must be cut')
    .exactOptional()
    .describe('cut: digits of a timestamp beyond the microsecond are cut instead of rejected.'),
  /** ISO 8601 when absent. */
  format: z
    .string()
    .refine(
      (format) => !/(^|[^%])(%%)*%n/.test(format),
      'must not have %n, as the lake keeps microseconds: without a format, ISO 8601 is read with any number of digits',
    )
    .refine((format) => isEpoch(format) || STRPTIME.test(format), 'has letters that DuckDB does not know')
    .refine((format) => isEpoch(format) || YEAR.test(format), 'has no letter for the year')
    .exactOptional()
    .describe(
      'How a timestamp or date is written: strptime letters, or for a timestamp epoch_s, epoch_ms or epoch_us.',
    ),
});

/**
 * One column of a dataset's contract. A value that breaks it turns the whole event away, with
 * `<column>:<reason>`.
 */
export type Column = DeepReadonly<z.output<typeof column>>;

/** A part of a record of a topic, besides its value: its key, or one of its headers. Both are text. */
export type RecordPart = Exclude<Column['from'], string | undefined>;

/** All columns of a dataset, each of this form. */
export function contract<Item extends z.ZodType>(item: Item): z.ZodArray<Item> {
  return z.array(item).min(1).describe('The contract.');
}
