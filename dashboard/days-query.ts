import type { Dataset } from '../core/dataset.ts';
import type { DaysAnswer } from './api.ts';
import type { Facts } from './facts.ts';
import { condition, type Filter } from './filter.ts';
import { lastStep } from './overview-query.ts';

/** At most so many kinds of events are told apart, the most frequent ones. */
const TYPES = 20;
/** Beyond this range, as one wrong date in the data makes it, days without events are left out. */
const DAYS = 4000;
const DAY_MS = 86_400_000;

/** Events by day and type, and the revenue by day. */
export async function eventsByDay(facts: Facts, dataset: Dataset, filter: Filter): Promise<DaysAnswer> {
  const last = lastStep(facts);
  const rows = await facts.rows(`
SELECT CAST(day AS VARCHAR) AS day, type, count(*) AS events,
  CAST(sum(amount) FILTER (WHERE step = ${last}) AS DECIMAL(38, 2)) AS revenue
FROM ${facts.byCategory} WHERE ${condition(filter, facts.roles)} GROUP BY ALL`);
  const types = facts.roles.type ? await typesOf(facts, dataset, facts.roles.type) : ['events'];
  const none = () => ({ counts: types.map(() => 0), revenue: '0.00' });
  const days = new Map<string, ReturnType<typeof none>>();
  for (const row of rows) {
    const day = String(row.day);
    const found = days.get(day) ?? none();
    const place = facts.roles.type ? types.indexOf(String(row.type)) : 0;
    if (place >= 0) found.counts[place] = (found.counts[place] ?? 0) + Number(row.events);
    // Purchases are of one type, and so in one row.
    if (row.revenue !== null) found.revenue = String(row.revenue);
    days.set(day, found);
  }
  const range = calendar(facts, filter) ?? [...days.keys()].sort();
  return { types, days: range.map((day) => ({ day, ...(days.get(day) ?? none()) })) };
}

/** The contract's order where it says what is allowed, else the most frequent first. */
async function typesOf(facts: Facts, dataset: Dataset, type: string): Promise<string[]> {
  const allowed = dataset.columns.find((column) => column.name === type)?.allowed;
  if (allowed) return [...allowed];
  const rows = await facts.rows(`
SELECT type FROM ${facts.byCategory} WHERE type IS NOT NULL GROUP BY type ORDER BY count(*) DESC, type LIMIT ${TYPES}`);
  return rows.map((row) => String(row.type));
}

/** Every day of the data that the filter lets pass; null when there are too many. */
function calendar({ days }: Facts, { from, to }: Filter): string[] | null {
  if (days === null) return [];
  const first = Date.parse(from !== undefined && from > days.first ? from : days.first);
  const last = Date.parse(to !== undefined && to < days.last ? to : days.last);
  const length = Math.max(0, Math.round((last - first) / DAY_MS) + 1);
  if (!(length <= DAYS)) return null;
  return Array.from({ length }, (_, i) => new Date(first + i * DAY_MS).toISOString().slice(0, 10));
}
