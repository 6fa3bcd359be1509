import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { EventLog } from '../../core/contracts.ts';
import type { Sink } from '../../core/sink.ts';
import { ingest } from '../../ingestion/ingest.ts';
import { openSource, type SourceFile } from '../../ingestion/source-file.ts';
import type { AuditContext } from '../../inspection/audit.ts';
import type { DeltaTable } from '../../lake/table.ts';
import { type Electronics, electronics, processAll, stepsOf, Workplace } from '../processing/fixtures.ts';

const HEADER =
  'event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n';

/** A row of electronics: what user bought at which price. */
export function row(user: number, price = '1.00', type = 'view'): string {
  return `2020-10-31 12:00:00 UTC,${type},1,2,,,${price},${user},\n`;
}

/** The stores of a test as the audit wants them; nothing is published but to the index. */
export function auditContextOf(
  { files, sql, engine }: Workplace,
  stores: Pick<AuditContext, 'dataset' | 'log' | 'events' | 'rejected' | 'profiles' | 'index'>,
): AuditContext {
  return { ...stores, derived: new Map(), indices: [], warehouse: [], files, sql, engine };
}

/** A shop with all its stores, which are filled by {@link Shop.fill} and {@link Shop.process}. */
export class Shop {
  readonly place: Workplace;
  readonly electronics: Electronics;
  readonly log: EventLog;
  readonly tables: { events: DeltaTable; rejected: DeltaTable };
  readonly profiles: DeltaTable;

  private constructor(place: Workplace, shop: Electronics) {
    this.place = place;
    this.electronics = shop;
    this.log = place.log();
    this.tables = { events: place.table(), rejected: place.table() };
    this.profiles = place.table();
  }

  static async create(): Promise<Shop> {
    return new Shop(await Workplace.create(), await electronics());
  }

  async file(name: string, rows: string): Promise<SourceFile> {
    const path = join(this.place.folder, name);
    await writeFile(path, HEADER + rows);
    return openSource(path, '');
  }

  /** Ingests these rows as a file. */
  async fill(name: string, rows: string, limit?: number): Promise<void> {
    const { dataset } = this.electronics;
    await ingest(this.log, {
      dataset,
      source: await this.file(name, rows),
      again: false,
      limit,
      chunkRows: 2,
      warn: () => {},
    });
  }

  async process(index: Sink | null = null): Promise<void> {
    const { dataset } = this.electronics;
    const archive = this.place.archiveContext(dataset, this.log, { tables: this.tables });
    const steps = stepsOf(this.electronics, this.tables, this.profiles, index);
    await processAll({ archive, ...steps, ...this.place.parts });
  }

  auditContext(index: Sink | null = null): AuditContext {
    const { electronics, log, tables, profiles } = this;
    return auditContextOf(this.place, { dataset: electronics.dataset, log, ...tables, profiles, index });
  }
}
