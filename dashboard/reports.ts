import type { Dataset } from '../core/dataset.ts';
import type { SqlSession } from '../core/engine.ts';
import { findReport, type Report } from '../core/report.ts';
import type { Warehouse } from '../core/sink.ts';
import { daysOf, type ReportContext, runReport } from '../inspection/report.ts';
import type { ReportAnswer, ReportsAnswer } from './api.ts';
import type { LakeView } from './lake-view.ts';
import { plainRows } from './plain-rows.ts';

/** What reports are computed from. */
export interface ReportsContext {
  readonly dataset: Dataset;
  readonly reports: readonly Report[];
  readonly view: LakeView;
  readonly sql: SqlSession;
  /** What the tables are published to; null: only the lake is there. */
  readonly database: Warehouse | null;
}

/**
 * The reports of a dataset over the newest tables. They share names within one SQL session, so they run one
 * after the other.
 */
export class Reports {
  readonly #context: ReportsContext;
  #last: Promise<unknown> = Promise.resolve();

  constructor(context: ReportsContext) {
    this.#context = context;
  }

  /** Which reports there are, and the days that they can be of. @throws EventlakeError `report:no_facts` */
  async list(): Promise<ReportsAnswer> {
    const { reports } = this.#context;
    const days = await this.#over(daysOf);
    return {
      days,
      reports: reports.map(({ name, title, chart }) => ({
        name,
        title,
        chart: chart && { value: chart.value, by: [...chart.by] },
      })),
    };
  }

  /**
   * One report; of the newest day when `date` is null. @throws EventlakeError `report:unknown`,
   * `report:no_facts`
   */
  async run(name: string, date: string | null): Promise<ReportAnswer> {
    const { dataset, reports } = this.#context;
    const { query } = findReport(reports, dataset.name, name);
    const { on, date: day, columns, rows } = await this.#over((context) => runReport(context, query, date));
    return { report: name, on, date: day, columns: [...columns], rows: plainRows(rows) };
  }

  #over<T>(question: (context: ReportContext) => Promise<T>): Promise<T> {
    const { dataset, view, sql, database } = this.#context;
    const answer = this.#last
      .catch(() => {})
      .then(() =>
        view.read((seen) => {
          const derived = new Map(seen.models.map(({ name, table }) => [name, table]));
          return question({ dataset, derived, files: view.files, sql, database });
        }),
      );
    this.#last = answer;
    return answer;
  }
}
