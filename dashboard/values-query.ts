import type { Row } from '../core/row.ts';
import { literal } from '../core/sql.ts';
import type { ValuesAnswer } from './api.ts';
import type { Facts } from './facts.ts';
import { condition, type Filter } from './filter.ts';
import { lastStep } from './overview-query.ts';

/** The values of a role with the most events, and the rest together. */
export async function topValues(
  facts: Facts,
  role: 'category' | 'brand',
  filter: Filter,
  limit: number,
): Promise<ValuesAnswer> {
  const where = condition(filter, facts.roles);
  if (facts.roles[role] === null) return { items: [], others: null };
  const relation = role === 'category' ? facts.byCategory : facts.byBrand;
  const last = lastStep(facts);
  const found = await facts.rows(`
WITH marked AS (
  SELECT ${role}, step, amount,
    entity IS DISTINCT FROM lag(entity) OVER () OR ${role} IS DISTINCT FROM lag(${role}) OVER () AS is_first
  FROM ${relation} WHERE ${where}
), counted AS (
  SELECT ${role} AS value, count(*) AS events, count(*) FILTER (is_first) AS entities,
    count(*) FILTER (step = ${last}) AS purchases, sum(amount) FILTER (step = ${last}) AS amount
  FROM marked GROUP BY ${role}
), ranked AS (
  SELECT *, row_number() OVER (ORDER BY events DESC, CAST(value AS VARCHAR) NULLS LAST) <= ${limit} AS is_top FROM counted
)
SELECT is_top, CASE WHEN is_top THEN CAST(value AS VARCHAR) END AS value, count(*) AS values, sum(events) AS events,
  sum(entities) AS entities, sum(purchases) AS purchases, CAST(coalesce(sum(amount), 0) AS DECIMAL(38, 2)) AS revenue
FROM ranked GROUP BY ALL ORDER BY events DESC, value NULLS LAST`);
  const top = found.filter((row) => row.is_top);
  const rest = found.find((row) => !row.is_top);
  const items = top.map((row) => ({ value: row.value === null ? null : String(row.value), ...totals(row) }));
  if (!rest) return { items, others: null };
  const entities = await entitiesOfOthers(
    facts,
    role,
    where,
    items.map(({ value }) => value),
  );
  return { items, others: { values: Number(rest.values), ...totals({ ...rest, entities }) } };
}

/** An entity of several of them counts once, so that they cannot be added up. */
async function entitiesOfOthers(
  facts: Facts,
  role: string,
  where: string,
  top: readonly (string | null)[],
): Promise<bigint> {
  const named = top.filter((value) => value !== null).map(literal);
  // A subquery, as a long list would be compared value by value with every row. It becomes a join, which
  // keeps no order, so neighbours cannot be compared here.
  const isOther = `CAST(${role} AS VARCHAR) NOT IN (SELECT unnest([${named.join(', ')}]::VARCHAR[]))`;
  const [row] = await facts.rows(`
SELECT count(DISTINCT entity) AS entities FROM ${facts.byCategory}
WHERE (${top.includes(null) ? `${role} IS NOT NULL AND ${isOther}` : `${role} IS NULL OR ${isOther}`}) AND ${where}`);
  return BigInt(row?.entities ?? 0);
}

function totals(row: Row) {
  return {
    events: Number(row.events),
    entities: Number(row.entities),
    purchases: Number(row.purchases),
    revenue: String(row.revenue),
  };
}
