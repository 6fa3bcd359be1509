import { type Dataset, entityKeyOf } from '../core/dataset.ts';
import type { SqlSession } from '../core/engine.ts';
import { literal } from '../core/sql.ts';
import type { OverviewRoles } from './api.ts';

/**
 * What facts are made of: one version of the events, as an SQL relation, and local files of one of the
 * profiles.
 */
export interface FactsSource {
  readonly dataset: Dataset;
  readonly roles: OverviewRoles;
  readonly events: string;
  readonly profiles: readonly string[];
}

/** Roles whose values are stored as small numbers, so that grouping and filtering by them is quick. */
const CODED = ['type', 'category', 'brand', 'segment'] as const;

/**
 * Writes a database file with one row for each distinct event, and only what the overview's panels need,
 * twice: `facts_by_category` is in the order of (entity, category), `facts_by_brand` of (entity, brand).
 * Where equal values stand together they are counted by comparing each row with the one before, in one pass
 * and without a hash table of all entities; see docs/decisions/0009.
 *
 * Names that begin with `_` are of no contract's column.
 *
 * | column | is |
 * |---|---|
 * | `entity` | a number of the entity, from 1 |
 * | `day`, `time` | UTC |
 * | `type`, `category`, `brand`, `segment` | the role's value; null where the dataset lacks the role |
 * | `step` | 2 to the power of its place in the funnel, from 0; 0 for events of no step |
 * | `amount` | decimal; null where the dataset lacks the role |
 * | `copies` | how often the archive holds the event |
 */
export async function buildFacts(sql: SqlSession, source: FactsSource, file: string): Promise<void> {
  const { dataset, roles, events, profiles } = source;
  const key = entityKeyOf(dataset);
  const columns = dataset.columns.map(({ name }) => name).join(', ');
  await sql.run(`ATTACH ${literal(file)} AS built; USE built`);
  try {
    const segment = roles.segment && profiles.length > 0 ? roles.segment : null;
    const segments = segment ? `(SELECT ${key}, ${segment} AS _segment FROM ${sql.parquet(profiles)})` : null;
    for (const role of CODED) {
      const relation = role === 'segment' ? segments : events;
      const column = role === 'segment' ? segment && '_segment' : roles[role];
      await sql.run(codes(role, relation && column ? { relation, column } : null));
    }
    await sql.run(`
CREATE OR REPLACE TEMP TABLE entities AS
SELECT CAST(row_number() OVER () AS INTEGER) AS _entity, ${key}, ${segments ? '_segment' : 'NULL'} AS _segment
FROM (SELECT DISTINCT ${key} FROM ${events}) ${segments ? `LEFT JOIN ${segments} USING (${key})` : ''};
CREATE OR REPLACE TEMP TABLE repeated AS
SELECT hash(${columns}) AS _digest FROM ${events} GROUP BY _digest HAVING count(*) > 1`);
    // Digests find the few candidates cheaply; only these are compared in full.
    await sql.run(`
CREATE TABLE facts_by_category AS
WITH digested AS (SELECT ${columns}, hash(${columns}) AS _digest FROM ${events}),
distinct_events AS (
  SELECT ${columns}, 1 AS _copies FROM digested ANTI JOIN repeated USING (_digest)
  UNION ALL
  SELECT ${columns}, count(*) AS _copies FROM digested SEMI JOIN repeated USING (_digest) GROUP BY ALL
)
SELECT
  _entity AS entity,
  CAST(${dataset.time} AT TIME ZONE 'UTC' AS DATE) AS day,
  ${dataset.time} AT TIME ZONE 'UTC' AS time,
  ${CODED.map((role) => coded(role, role === 'segment' ? '_segment' : roles[role])).join(',\n  ')},
  CAST(${steps(roles)} AS USMALLINT) AS step,
  ${roles.amount ?? 'CAST(NULL AS DECIMAL(18, 2))'} AS amount,
  CAST(_copies AS UINTEGER) AS copies
FROM distinct_events JOIN entities USING (${key})
ORDER BY entity, category;
CREATE TABLE facts_by_brand AS FROM facts_by_category ORDER BY entity, brand`);
  } finally {
    await sql.run(
      'USE memory; DROP TABLE IF EXISTS temp.entities; DROP TABLE IF EXISTS temp.repeated; DETACH built',
    );
  }
}

/** The values that a role has, and one that it never has, since a type without any is not possible. */
function codes(role: string, values: { relation: string; column: string } | null): string {
  const found = values
    ? `SELECT CAST(${values.column} AS VARCHAR) FROM ${values.relation} WHERE ${values.column} IS NOT NULL UNION `
    : '';
  return `CREATE TYPE ${role}_code AS ENUM (${found}SELECT '' ORDER BY 1)`;
}

function coded(role: string, column: string | null): string {
  return `CAST(${column ? `CAST(${column} AS VARCHAR)` : 'NULL'} AS ${role}_code) AS ${role}`;
}

function steps({ type, funnel }: OverviewRoles): string {
  if (!type || funnel.length === 0) return '0';
  return `CASE ${type} ${funnel.map((step, i) => `WHEN ${literal(step)} THEN ${2 ** i}`).join(' ')} ELSE 0 END`;
}
