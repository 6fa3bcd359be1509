import { z } from 'zod';
import { noise, occasions, share, time, weekdays } from '../shape.ts';

/** What a value is made of; docs/generating.md has an example of each. */
export type ValueShape =
  /**
   * Text, in which `{field}` and `{pool.field}` stand for values; one such name alone is that value, of its
   * type. Or another literal.
   */
  | string
  | number
  | boolean
  | null
  /** One of these, with its weight. */
  | { readonly oneOf: readonly (readonly [value: ValueShape, weight: number])[] }
  /** With this probability the one, else the other; without `else` there is no value. */
  | { readonly chance: number; readonly then: ValueShape; readonly else?: ValueShape | undefined }
  /** So many random hexadecimal digits. */
  | { readonly hex: number }
  /** A random UUID (RFC 9562, version 4). */
  | { readonly uuid: true }
  /** A whole number in this range, both ends included. */
  | { readonly integer: readonly [from: number, to: number] }
  /** This number for the first of a pool's members, the next for the second. */
  | { readonly serial: number }
  /** An IPv4 address of the network, which is text as above: 10.1.0.0/16. */
  | { readonly address: string }
  /** The text in lower case, with a hyphen for each run of other characters than letters and digits. */
  | { readonly slug: string }
  /** The record's time: as seconds since 1970, or as text, so many hours from UTC. */
  | { readonly time: 'epoch_s' | 'text'; readonly hours?: string | undefined }
  | { readonly list: ValueShape; readonly sizes: Readonly<Record<string, number>> }
  | { readonly object: Readonly<Record<string, ValueShape>> };

const weight = z.number().positive().max(1e9);
const dayHours = z.array(weight).length(24, 'must be 24 weights, one an hour of the day');

const value: z.ZodType<ValueShape> = z.lazy(() =>
  z.union(
    [
      z.string(),
      z.number(),
      z.boolean(),
      z.null(),
      z.strictObject({ oneOf: z.array(z.tuple([value, weight])).min(1) }),
      // biome-ignore lint/suspicious/noThenProperty: it is read from YAML and never awaited
      z.strictObject({ chance: share, then: value, else: value.optional() }),
      z.strictObject({ hex: z.int().min(1).max(64) }),
      z.strictObject({ uuid: z.literal(true) }),
      z.strictObject({ integer: z.tuple([z.int(), z.int()]) }),
      z.strictObject({ serial: z.int() }),
      z.strictObject({ address: z.string() }),
      z.strictObject({ slug: z.string() }),
      z.strictObject({ time: z.enum(['epoch_s', 'text']), hours: z.string().optional() }),
      z.strictObject({ list: value, sizes: z.record(z.string().regex(/^\d{1,3}$/), weight) }),
      z.strictObject({ object: z.record(z.string(), value) }),
    ],
    'must be a value as docs/generating.md describes it',
  ),
);

/** Things that records speak of. Either rows that are listed, or members that are made. */
const pool = z.union(
  [
    z.strictObject({
      rows: z
        .array(z.record(z.string(), z.union([z.string(), z.number()])).and(z.object({ weight })))
        .min(1)
        .describe('Each is drawn by its weight.'),
    }),
    z.strictObject({
      each: z.int().min(1).describe('One member for each so many records.'),
      most: z.int().min(1).max(5_000_000).optional(),
      fields: z.record(z.string(), value),
      file: z
        .strictObject({
          name: z.string().regex(/^[a-z0-9][a-z0-9_.-]*\.csv$/, 'must be a file name such as products.csv'),
          share: share.describe('Of the members, so many are in the file.'),
          columns: z.record(z.string(), z.string()).describe('Header: field of the member.'),
        })
        .optional()
        .describe('A CSV file with what is known of the members, beside the records.'),
    }),
  ],
  'must have rows, or each and fields',
);

/** See {@link RecordShape}. */
export const recordShape = z.strictObject({
  rows: z.int().min(1).describe('How many a first look is made of.'),
  range: z.strictObject({ from: time, to: time }),
  hours: dayHours,
  weekendHours: dayHours.optional(),
  weekdays,
  occasions: occasions.describe('Their conversion has no effect: records have no steps.'),
  noise,
  repeated: share.describe('So many records come a second time.'),
  late: share.describe('So many records come a day after their time.'),
  pools: z.record(z.string().regex(/^[a-z_]+$/), pool).default({}),
  fields: z.record(z.string(), value),
  kinds: z
    .array(z.strictObject({ weight, fields: z.record(z.string(), value) }))
    .min(1)
    .describe('Each record is of one of these kinds, and has its fields too.'),
  dirty: z
    .record(z.string(), z.record(z.string(), z.json()))
    .default({})
    .describe('Reason/variant of each bad record, and the members that make it so; a null removes one.'),
});

/**
 * What the messages of a topic look like: a JSON object a record, whose values are drawn at random and may be
 * shared by records through pools. The first members of a pool are drawn most often. Times are Unix seconds.
 */
export type RecordShape = z.output<typeof recordShape>;

/** A pool of {@link RecordShape}. */
export type PoolShape = z.output<typeof pool>;
