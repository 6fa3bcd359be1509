import { z } from 'zod';
import { type column, name } from './columns.ts';
import type { Complain } from './complain.ts';

/** What the page and the first look after `demo` are made of. */
export const overview = z.strictObject({
  type: name.optional().describe('String column: what kind of event it is.'),
  funnel: z
    .array(z.string())
    .min(1)
    .max(12)
    .optional()
    .describe('Values of `type` on the way to a purchase, which is the last.'),
  amount: name.optional().describe('int64 or decimal column: what the event is worth.'),
  currency: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be three capital letters, as in ISO 4217')
    .optional()
    .describe('ISO 4217 code of the currency of `amount`.'),
  amounts: z
    .array(name)
    .min(1)
    .optional()
    .describe("Columns of the model's table that are in `currency`, too."),
  category: name.optional().describe('Column by whose values events are grouped and filtered.'),
  brand: name.optional().describe('A second such column.'),
  session: name.optional().describe('Column whose value events of one visit share.'),
  segment: name.optional().describe("Column of the model's table that puts each of its rows into a group."),
  top: z
    .strictObject({
      title: z.string().min(1),
      by: name.describe("Column of the model's table: the ten rows with its largest values are shown."),
      columns: z.array(name).min(1).describe("Columns of the model's table that are shown of them."),
    })
    .optional()
    .describe('The rows that `demo` shows.'),
});

/** What is wrong with the overview of these columns. */
export function checkOverview(
  roles: z.output<typeof overview>,
  columns: readonly z.output<typeof column>[],
  hasModel: boolean,
  complain: Complain,
): void {
  for (const role of ['type', 'amount', 'category', 'brand', 'session'] as const) {
    const named = roles[role];
    const type = columns.find((c) => c.name === named)?.type;
    if (named === undefined) continue;
    if (!type) complain(['overview', role], `names ${named}, which is not one of the columns`);
    else if (role === 'amount' && !/^(int64|decimal)/.test(type))
      complain(['overview', role], `names ${named}, which must be of type int64 or decimal`);
    else if (role === 'type' && type !== 'string')
      complain(['overview', role], `names ${named}, which must be of type string`);
  }
  const { allowed } = columns.find((c) => c.name === roles.type) ?? {};
  const unknown = roles.funnel?.find((step) => allowed && !allowed.includes(step));
  if (roles.funnel && !roles.type)
    complain(['overview', 'funnel'], 'needs type, the column that holds its steps');
  if (new Set(roles.funnel).size !== (roles.funnel?.length ?? 0))
    complain(['overview', 'funnel'], 'names a step twice');
  if (unknown !== undefined)
    complain(['overview', 'funnel'], `names ${unknown}, which ${roles.type} is not allowed to be`);
  if (roles.currency && !roles.amount)
    complain(['overview', 'currency'], 'needs amount, the column that is in it');
  if (roles.amounts && !roles.currency)
    complain(['overview', 'amounts'], 'needs currency, which they are in');
  for (const role of ['segment', 'top'] as const) {
    if (roles[role] && !hasModel) complain(['overview', role], 'needs a model, of which it has columns');
  }
}
