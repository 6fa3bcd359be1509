import type { Dataset } from '../core/dataset.ts';
import type { OverviewRoles } from './api.ts';
import type { SeenTable } from './lake-view.ts';

/** The roles that columns play in the overview; `segment` only if the model's table has such a column now. */
export function rolesOf({ overview }: Dataset, profiles: SeenTable | null): OverviewRoles {
  const {
    type = null,
    funnel = [],
    amount = null,
    currency = null,
    amounts = [],
    category = null,
    brand = null,
    session = null,
  } = overview ?? {};
  const segment = profiles?.snapshot?.fields.find((field) => field.name === overview?.segment)?.name ?? null;
  return {
    type,
    funnel: [...funnel],
    amount,
    currency,
    amounts: [...amounts],
    category,
    brand,
    session,
    segment,
  };
}
