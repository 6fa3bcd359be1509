import { z } from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { name } from './name.ts';

/** The form of what the page and the first look after `demo` are made of. */
export const overview = z.strictObject({
  type: name.exactOptional().describe('String column: what kind of event it is.'),
  funnel: z
    .array(z.string())
    .min(1)
    .max(12)
    .exactOptional()
    .describe('Values of `type` on the way to a purchase, which is the last.'),
  /** Those of the last step add up to the revenue. */
  amount: name.exactOptional().describe('int64 or decimal column: what the event is worth.'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be three capital letters, as in ISO 4217')
    .exactOptional()
    .describe('ISO 4217 code of the currency of `amount`.'),
  amounts: z
    .array(name)
    .min(1)
    .exactOptional()
    .describe("Columns of the model's table that are in `currency`, too."),
  category: name.exactOptional().describe('Column by whose values events are grouped and filtered.'),
  brand: name.exactOptional().describe('A second such column.'),
  session: name.exactOptional().describe('Column whose value events of one visit share.'),
  segment: name
    .exactOptional()
    .describe("Column of the model's table that puts each of its rows into a group."),
  top: z
    .strictObject({
      /** How the rows are headed. */
      title: z.string().min(1),
      by: name.describe("Column of the model's table: the ten rows with its largest values are shown."),
      columns: z.array(name).min(1).describe("Columns of the model's table that are shown of them."),
    })
    .exactOptional()
    .describe('The rows that `demo` shows.'),
});

/** Which columns the dashboard's overview is drawn from. What a dataset does not name is not shown. */
export type Overview = DeepReadonly<z.output<typeof overview>>;
