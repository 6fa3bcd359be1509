import type { SpendAnswer } from './api.ts';
import type { Facts } from './facts.ts';
import { condition, type Filter } from './filter.ts';
import { lastStep } from './overview-query.ts';

/** Lower bounds of the buckets: 0, then 1, 2 and 5 times the powers of ten, up to five milliards. */
const BOUNDS = [0, ...Array.from({ length: 10 }, (_, power) => [1, 2, 5].map((n) => n * 10 ** power)).flat()];

/** How much entities who bought have spent, from the first bucket to the last that is not empty. */
export async function spendDistribution(facts: Facts, filter: Filter): Promise<SpendAnswer> {
  const where = condition(filter, facts.roles);
  if (facts.roles.amount === null) return { buckets: [] };
  const bounds = BOUNDS.toReversed().map((bound) => `WHEN spent >= ${bound} THEN ${BOUNDS.indexOf(bound)}`);
  const rows = await facts.rows(`
SELECT CASE ${bounds.join(' ')} END AS bucket, count(*) AS entities FROM (
  SELECT entity, sum(amount) AS spent FROM ${facts.byCategory}
  WHERE step = ${lastStep(facts)} AND ${where} GROUP BY entity
) WHERE spent >= 0 GROUP BY bucket`);
  const counts = new Map(rows.map((row) => [Number(row.bucket), Number(row.entities)]));
  const [first, last] = [Math.min(...counts.keys()), Math.max(...counts.keys())];
  const buckets = BOUNDS.map((from, i) => {
    const to = BOUNDS[i + 1];
    return { from: money(from), to: to === undefined ? null : money(to), entities: counts.get(i) ?? 0 };
  });
  return { buckets: buckets.slice(first, last + 1) };
}

function money(whole: number): string {
  return `${whole}.00`;
}
