import type { RecordBatch } from '../core/contracts.ts';
import type { CommittedChunk } from '../ingestion/ingest.ts';
import type { BatchOutcome, ModelResult, ProcessEvent, PublishResult } from '../processing/observer.ts';
import { Health } from './health.ts';
import { defineMetrics, type Metrics } from './metrics.ts';
import { Stores, type StoresContext } from './stores.ts';

/** Reasons come from the topic too, where anybody could write; so many become series of their own. */
const MOST_REASONS = 100;
const OTHER_REASONS = 'other';

/** A part of the pipeline that succeeds or fails by itself. */
export type Stage = 'ingest' | 'archive' | 'model' | 'publish';

/** Hears what the stages report, and tells it to those who ask: Prometheus, or a person at `/readyz`. */
export class Monitor {
  readonly health = new Health();
  readonly #metrics: Metrics;
  readonly #stores: Stores;
  readonly #reasons = new Set<string>();

  constructor(dataset: string, stores: StoresContext) {
    this.#metrics = defineMetrics(dataset);
    this.#stores = new Stores(stores);
  }

  chunkCommitted({ events, deadLetters, bytes, seconds }: CommittedChunk): void {
    this.#metrics.ingestRows.inc(events + deadLetters);
    this.#metrics.ingestDeadLetters.inc(deadLetters);
    this.#metrics.ingestBytes.inc(bytes);
    this.#metrics.ingestCommit.observe(seconds);
    this.succeeded('ingest');
  }

  /** Hears of archive, models and publications. */
  observe(event: ProcessEvent): void {
    switch (event.type) {
      case 'turn':
        this.turn();
        break;
      case 'read':
        this.#recordsRead(event.records);
        break;
      case 'engine-read':
        for (const [stream, records] of Object.entries(event.records))
          this.#metrics.readRecords.inc({ stream }, records);
        break;
      case 'committed':
        this.#batchCommitted(event.outcome);
        break;
      case 'idle':
        this.succeeded('archive');
        break;
      case 'superseded':
        this.#metrics.superseded.inc();
        break;
      case 'modelled':
        this.#modelDone(event.outcome, event.seconds);
        break;
      case 'published':
        this.#publishDone(event.outcome, event.seconds);
        break;
      case 'failed':
        this.failed(event.stage, event.error.message);
        break;
    }
  }

  turn(): void {
    this.health.turn();
  }

  #recordsRead({ stream, values }: RecordBatch): void {
    this.#metrics.readRecords.inc({ stream }, values.length);
    let bytes = 0;
    for (let i = 0; i < values.length; i += 1) bytes += values.bytesOf(i);
    this.#metrics.readBytes.inc({ stream }, bytes);
  }

  #batchCommitted({ events, rejected, reasons, bytes, seconds }: BatchOutcome): void {
    this.#metrics.committedRecords.inc(events + rejected);
    this.#metrics.archivedEvents.inc(events);
    for (const [reason, n] of Object.entries(reasons))
      this.#metrics.rejected.inc({ reason: this.#label(reason) }, n);
    this.#metrics.archivedBytes.inc(bytes);
    this.#metrics.commits.inc();
    this.#metrics.commit.observe(seconds);
    this.succeeded('archive');
  }

  #modelDone({ outcome }: ModelResult, seconds: number): void {
    if (outcome === 'computed') this.#metrics.model.observe(seconds);
    this.succeeded('model');
  }

  #publishDone({ outcome, stored, deleted }: PublishResult, seconds: number): void {
    if (outcome === 'published') this.#metrics.publish.observe(seconds);
    this.#metrics.documents.inc({ operation: 'stored' }, stored);
    this.#metrics.documents.inc({ operation: 'deleted' }, deleted);
    this.succeeded('publish');
  }

  /** The stage did its work, or found that there was none. */
  succeeded(stage: Stage): void {
    this.health.succeeded(stage);
    this.#metrics.failing.set({ hop: stage }, 0);
    this.#metrics.lastSuccess.setToCurrentTime({ hop: stage });
  }

  /** The stage failed, and will be tried again. */
  failed(stage: Stage, reason: string): void {
    this.health.failed(stage, reason);
    this.#metrics.retries.inc({ hop: stage });
    this.#metrics.failing.set({ hop: stage }, 1);
  }

  /**
   * What keeps the job from its work, a sentence each, the stores asked just now; nothing while all is well.
   */
  async troubles(): Promise<string[]> {
    await this.#stores.look();
    const unreachable = Object.entries(this.#stores.answers).filter(([, answer]) => answer !== null);
    return [...this.health.troubles, ...unreachable.map(([store, answer]) => `${store}: ${answer}`)];
  }

  /** All metrics as text that Prometheus reads, and its content type. */
  async exposition(): Promise<{ type: string; text: string }> {
    await this.#stores.look();
    const { lag, tables, disk, answers } = this.#stores;
    const { registry, lag: lagGauge, tableVersion, tableRows, tableBytes, reachable } = this.#metrics;
    for (const [store, answer] of Object.entries(answers)) reachable.set({ store }, answer === null ? 1 : 0);
    for (const { partition, lag: offsets } of lag) lagGauge.set({ ...partition }, offsets);
    for (const { table, version, rows, bytes } of tables) {
      tableVersion.set({ table }, Number(version));
      tableRows.set({ table }, rows);
      tableBytes.set({ table }, bytes);
    }
    this.#metrics.diskFree.set(disk.free);
    this.#metrics.diskSize.set(disk.size);
    return { type: registry.contentType, text: await registry.metrics() };
  }

  #label(reason: string): string {
    if (this.#reasons.size < MOST_REASONS) this.#reasons.add(reason);
    return this.#reasons.has(reason) ? reason : OTHER_REASONS;
  }
}
