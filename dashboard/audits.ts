import type { EventLog } from '../core/contracts.ts';
import type { Dataset } from '../core/dataset.ts';
import type { LocalEngine, SqlSession } from '../core/engine.ts';
import type { Sink } from '../core/sink.ts';
import { audit } from '../inspection/audit.ts';
import type { AuditAnswer } from './api.ts';
import { identity, type LakeView, tablesOf } from './lake-view.ts';

/** What is audited. */
export interface AuditsContext {
  readonly dataset: Dataset;
  readonly log: EventLog;
  readonly index: Sink | null;
  readonly view: LakeView;
  /** An audit counts every row, so it has a session that nobody waits for, and an engine on it. */
  readonly sql: SqlSession;
  readonly engine: LocalEngine;
}

/**
 * Audits on demand. One is kept for as long as the log and the tables are the same, and those who ask at once
 * share it.
 */
export class Audits {
  readonly #context: AuditsContext;
  #last: { readonly key: string; readonly report: Promise<AuditAnswer> } | null = null;

  constructor(context: AuditsContext) {
    this.#context = context;
  }

  async now(): Promise<AuditAnswer> {
    const { log, index, view } = this.#context;
    const tables = tablesOf(await view.nowOrNothing()).map(identity);
    const ranges = (await log.ranges()).map(
      ({ stream, partition, start, end }) => `${stream}/${partition}:${start}-${end}`,
    );
    const key = JSON.stringify([ranges, tables, await index?.count()]);
    if (this.#last?.key !== key) {
      const report = this.#audit();
      this.#last = { key, report };
      report.catch(() => {
        this.#last = null;
      });
    }
    return this.#last.report;
  }

  async #audit(): Promise<AuditAnswer> {
    const { dataset, log, index, view, sql, engine } = this.#context;
    const countedAt = new Date().toISOString();
    const report = await view.readOrNothing(({ events, rejected, profiles }) =>
      audit({
        dataset,
        log,
        events: events.table,
        rejected: rejected.table,
        profiles: profiles?.table ?? null,
        index,
        files: view.files,
        sql,
        engine,
      }),
    );
    return { countedAt, ...report };
  }
}
