import { EventlakeError } from '../core/errors.ts';
import { literal } from '../core/sql.ts';
import type { OverviewRoles } from './api.ts';

/**
 * What the overview is narrowed to; days are UTC and inclusive. An empty category or brand stands for events
 * that have none.
 */
export interface Filter {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly category?: string | undefined;
  readonly brand?: string | undefined;
  readonly segment?: string | undefined;
}

/** The filter as a condition over facts. @throws `request:no_role` for a role that the dataset lacks. */
export function condition(filter: Filter, roles: OverviewRoles): string {
  const parts: string[] = [];
  if (filter.from !== undefined) parts.push(`day >= DATE ${literal(filter.from)}`);
  if (filter.to !== undefined) parts.push(`day <= DATE ${literal(filter.to)}`);
  for (const role of ['category', 'brand', 'segment'] as const) {
    const value = filter[role];
    if (value === undefined) continue;
    if (roles[role] === null) {
      throw new EventlakeError('request:no_role', `This dataset has no ${role} to filter by`, {
        hint: 'Which roles there are, GET /api/dataset says; `overview` in the dataset file gives them.',
      });
    }
    parts.push(value === '' ? `${role} IS NULL` : `${role} = ${literal(value)}`);
  }
  return parts.length === 0 ? 'true' : parts.join(' AND ');
}
