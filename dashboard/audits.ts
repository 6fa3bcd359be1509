import type { EventLog } from '../core/contracts.ts';
import type { Dataset } from '../core/dataset.ts';
import type { LocalEngine, SqlSession } from '../core/engine.ts';
import { hasCode } from '../core/errors.ts';
import type { Sink } from '../core/sink.ts';
import { audit } from '../inspection/audit.ts';
import type { NamedCopy } from '../inspection/copies.ts';
import type { AuditAnswer } from './api.ts';
import { identity, type LakeView, tablesOf } from './lake-view.ts';

/** What is audited. */
export interface AuditsContext {
  readonly dataset: Dataset;
  readonly log: EventLog;
  readonly index: Sink | null;
  /** The other indices, by the names of their tables. */
  readonly indices: readonly NamedCopy[];
  /** The copies in PostgreSQL, by the names of their tables. */
  readonly warehouse: readonly NamedCopy[];
  readonly view: LakeView;
  /** An audit counts every row, so it has a session that nobody waits for, and an engine on it. */
  readonly sql: SqlSession;
  readonly engine: LocalEngine;
}

/**
 * Audits on demand, as the command does them: each counts everything again, since files and copies may be
 * damaged where no version changes. Those who ask while one is under way share it, unless log or tables have
 * changed since it began.
 */
export class Audits {
  readonly #context: AuditsContext;
  #underway: { readonly key: string; readonly report: Promise<AuditAnswer> } | null = null;

  constructor(context: AuditsContext) {
    this.#context = context;
  }

  async now(): Promise<AuditAnswer> {
    const { log, view } = this.#context;
    const tables = tablesOf(await view.nowOrNothing()).map(identity);
    const ranges = (await log.ranges()).map(
      ({ stream, partition, start, end }) => `${stream}/${partition}:${start}-${end}`,
    );
    const key = JSON.stringify([ranges, tables]);
    if (this.#underway?.key === key) return this.#underway.report;
    const underway = { key, report: this.#audit() };
    this.#underway = underway;
    return underway.report.finally(() => {
      if (this.#underway === underway) this.#underway = null;
    });
  }

  async #audit(): Promise<AuditAnswer> {
    const { dataset, log, index, indices, warehouse, view, sql, engine } = this.#context;
    const countedAt = new Date().toISOString();
    const audited = view.readOrNothing(({ events, rejected, models, profiles }) =>
      audit({
        dataset,
        log,
        events: events.table,
        rejected: rejected.table,
        profiles: profiles?.table ?? null,
        derived: new Map(models.map(({ name, table }) => [name, table])),
        index,
        indices,
        warehouse,
        files: view.files,
        sql,
        engine,
      }),
    );
    return { countedAt, ...(await audited.catch(nameDamage)) };
  }
}

/** What stays though the lake was read again and again is damage, and named as the command names it. */
function nameDamage(error: unknown): never {
  throw hasCode(error, 'lake:changing') ? error.cause : error;
}
