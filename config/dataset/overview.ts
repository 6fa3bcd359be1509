import type { Column, Overview } from '../../core/dataset.ts';
import type { Complain } from './complain.ts';

/** What is wrong with the overview of these columns. */
export function checkOverview(
  roles: Overview,
  columns: readonly Column[],
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
