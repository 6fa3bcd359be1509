import type { Row } from '../core/row.ts';
import type { OverviewAnswer } from './api.ts';
import type { Facts } from './facts.ts';
import { condition, type Filter } from './filter.ts';

/** The overview's totals, funnel and segments. */
export async function overview(facts: Facts, dataset: string, filter: Filter): Promise<OverviewAnswer> {
  const { roles, versions } = facts;
  const where = condition(filter, roles);
  const last = lastStep(facts);
  const sums = await facts.rows(`
SELECT segment, step, count(*) AS events, sum(copies) - count(*) AS duplicates, CAST(sum(amount) AS DECIMAL(38, 2)) AS amount,
  min(time) AS first, max(time) AS last
FROM ${facts.byCategory} WHERE ${where} GROUP BY segment, step`);
  const entities = await entitiesBySegment(facts, where);
  const ofStep: Row[][] = [];
  for (const [i] of roles.funnel.entries()) {
    ofStep.push(await entitiesBySegment(facts, `step = ${2 ** i} AND ${where}`));
  }
  const buyers = ofStep.at(-1) ?? [];
  const inLast = sums.filter((row) => last !== null && Number(row.step) === last);
  const events = total(sums, 'events');
  const duplicates = total(sums, 'duplicates');
  const segments = entities
    .filter((row) => row.segment !== null)
    .map(({ segment, entities: n }) => ({
      segment: String(segment),
      entities: Number(n),
      buyers: Number(buyers.find((row) => row.segment === segment)?.entities ?? 0),
      revenue: money(inLast.filter((row) => row.segment === segment)),
    }));
  return {
    dataset,
    versions,
    first: instant(sums.map((row) => row.first).sort()[0]),
    last: instant(
      sums
        .map((row) => row.last)
        .sort()
        .at(-1),
    ),
    events: events + duplicates,
    duplicates,
    entities: total(entities, 'entities'),
    buyers: total(buyers, 'entities'),
    revenue: money(inLast),
    funnel: roles.funnel.map((step, i) => ({
      step,
      events: total(
        sums.filter((row) => Number(row.step) === 2 ** i),
        'events',
      ),
      entities: total(ofStep[i] ?? [], 'entities'),
    })),
    segments: segments.sort((a, b) => b.entities - a.entities || (a.segment < b.segment ? -1 : 1)),
  };
}

/** `step` of purchases; null where the dataset has no funnel. */
export function lastStep({ roles: { funnel } }: Facts): number | null {
  return funnel.length === 0 ? null : 2 ** (funnel.length - 1);
}

/** The sum of the rows' `amount`, exact, with two decimals. */
function money(rows: readonly Row[]): string {
  const cents = rows.reduce((sum, { amount }) => sum + BigInt(String(amount ?? '0.00').replace('.', '')), 0n);
  const digits = String(cents < 0n ? -cents : cents).padStart(3, '0');
  return `${cents < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

async function entitiesBySegment(facts: Facts, where: string): Promise<Row[]> {
  return facts.rows(`
SELECT segment, count(*) FILTER (is_first) AS entities FROM (
  SELECT segment, entity IS DISTINCT FROM lag(entity) OVER () AS is_first FROM ${facts.byCategory} WHERE ${where}
) GROUP BY segment`);
}

function total(rows: readonly Row[], column: string): number {
  return rows.reduce((sum, row) => sum + Number(row[column]), 0);
}

/** DuckDB's `2020-09-24 11:57:06.5` as ISO 8601. */
function instant(time: Row[string] | undefined): string | null {
  return time === null || time === undefined ? null : `${String(time).replace(' ', 'T')}Z`;
}
