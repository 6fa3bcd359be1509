import { type Dataset, entityKeyOf } from '../core/dataset.ts';
import type { SqlSession } from '../core/engine.ts';
import { EventlakeError } from '../core/errors.ts';
import type { Row } from '../core/row.ts';
import { literal } from '../core/sql.ts';
import { profileOf } from '../inspection/rows.ts';
import { eventsRelation } from '../processing/events-table.ts';
import type { EntityAnswer, EntityEventsAnswer, EntitySessionsAnswer, EntitySpendAnswer } from './api.ts';
import { modelledIn, ofEntity } from './entities-query.ts';
import type { LakeView } from './lake-view.ts';
import { plainRows } from './plain-rows.ts';
import { rolesOf } from './roles.ts';

const SESSIONS = 1000;

/**
 * Queries about one entity. Each says `entity:unknown` for an id without events, `entity:bad_id` for
 * what is no id.
 */
export class EntityQueries {
  readonly #dataset: Dataset;
  readonly #view: LakeView;
  readonly #sql: SqlSession;

  constructor(dataset: Dataset, view: LakeView, sql: SqlSession) {
    this.#dataset = dataset;
    this.#view = view;
    this.#sql = sql;
  }

  async profile(id: string): Promise<EntityAnswer> {
    ofEntity(this.#dataset, id);
    return this.#view.read(async (seen) => {
      const { model, profiles } = modelledIn(this.#dataset, seen);
      const profile = await profileOf(model, profiles.table, this.#view.files, this.#sql, id);
      return plainRows([profile ?? this.#unknown(id)])[0] ?? {};
    });
  }

  /** All events as the archive has them, duplicates too, newest first. */
  async events(id: string, limit: number, offset: number): Promise<EntityEventsAnswer> {
    const { time } = this.#dataset;
    return this.#read(id, async (matching) => {
      const [counted] = await this.#sql.rows(`SELECT count(*) AS total FROM ${matching}`);
      const rows = await this.#sql.rows(`
SELECT ${this.#columns()}, log_partition AS "logPartition", log_offset AS "logOffset" FROM ${matching}
ORDER BY ${time} DESC, log_partition, log_offset DESC LIMIT ${limit} OFFSET ${offset}`);
      return { total: Number(counted?.total), events: plainRows(rows) };
    });
  }

  /** The newest sessions, over distinct events. */
  async sessions(id: string): Promise<EntitySessionsAnswer> {
    const { time } = this.#dataset;
    const { session, type, amount, funnel } = rolesOf(this.#dataset, null);
    const kind = type ?? 'NULL';
    return this.#read(id, async (matching) => {
      const rows = await this.#sql.rows(`
WITH own AS (SELECT DISTINCT ${this.#columns()} FROM ${matching}),
by_kind AS (
  SELECT CAST(${session ?? 'NULL'} AS VARCHAR) AS session, ${kind} AS kind, min(${time}) AS earliest, max(${time}) AS latest,
    count(*) AS events, CAST(coalesce(sum(${amount ?? '0'}), 0) AS DECIMAL(38, 2)) AS amount
  FROM own GROUP BY ALL
)
SELECT session, kind, events, amount, min(earliest) OVER (PARTITION BY session) AS first,
  max(latest) OVER (PARTITION BY session) AS last
FROM by_kind
ORDER BY last DESC, session, kind`);
      return { sessions: bySession(rows, type === null, funnel.at(-1)).slice(0, SESSIONS) };
    });
  }

  /** What was spent on each day with a purchase, and up to then. */
  async spend(id: string): Promise<EntitySpendAnswer> {
    const { time } = this.#dataset;
    const { type, amount, funnel } = rolesOf(this.#dataset, null);
    const bought = funnel.at(-1);
    if (type === null || amount === null || bought === undefined)
      return this.#read(id, async () => ({ days: [] }));
    return this.#read(id, async (matching) => {
      const rows = await this.#sql.rows(`
WITH own AS (SELECT DISTINCT ${this.#columns()} FROM ${matching}),
daily AS (
  SELECT CAST(${time} AT TIME ZONE 'UTC' AS DATE) AS day, sum(${amount}) AS spent FROM own
  WHERE ${type} = ${literal(bought)} GROUP BY day
)
SELECT CAST(day AS VARCHAR) AS day, CAST(spent AS DECIMAL(38, 2)) AS spent,
  CAST(sum(spent) OVER (ORDER BY day) AS DECIMAL(38, 2)) AS total
FROM daily ORDER BY day`);
      return {
        days: rows.map((row) => ({
          day: String(row.day),
          spent: String(row.spent),
          total: String(row.total),
        })),
      };
    });
  }

  #columns(): string {
    return this.#dataset.columns.map(({ name }) => name).join(', ');
  }

  async #read<T>(id: string, query: (matching: string) => Promise<T>): Promise<T> {
    const condition = ofEntity(this.#dataset, id);
    return this.#view.read(async ({ events }) => {
      const paths = await this.#view.paths(events);
      if (paths.length === 0) this.#unknown(id);
      const matching = `(SELECT * FROM ${eventsRelation(this.#sql, this.#dataset, events, paths)} WHERE ${condition})`;
      const found = await this.#sql.rows(`SELECT 1 FROM ${matching} LIMIT 1`);
      if (found.length === 0) this.#unknown(id);
      return query(matching);
    });
  }

  #unknown(id: string): never {
    throw new EventlakeError('entity:unknown', `There is no ${entityKeyOf(this.#dataset)} ${id}`, {
      hint: 'Are all events processed? The pipeline page says so.',
    });
  }
}

/** Rows of a session and a kind of event become one entry a session, the newest first. */
function bySession(rows: readonly Row[], noTypes: boolean, bought: string | undefined) {
  const sessions = new Map<string | null, EntitySessionsAnswer['sessions'][number]>();
  for (const row of rows) {
    const id = row.session === null ? null : String(row.session);
    const [first, last, events] = [String(row.first), String(row.last), Number(row.events)];
    const known = sessions.get(id) ?? { session: id, first, last, events: 0, counts: {}, spent: '0.00' };
    const kind = noTypes ? 'events' : String(row.kind);
    sessions.set(id, {
      ...known,
      events: known.events + events,
      counts: { ...known.counts, [kind]: events },
      spent: kind === bought ? String(row.amount) : known.spent,
    });
  }
  return [...sessions.values()];
}
