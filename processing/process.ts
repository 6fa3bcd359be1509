import { setTimeout as sleep } from 'node:timers/promises';
import type { PartitionRange } from '../core/contracts.ts';
import { resultTables } from '../core/dataset.ts';
import { EventlakeError } from '../core/errors.ts';
import { mayPass, Pause } from '../core/retry.ts';
import { archive } from './archive.ts';
import { removeLeftovers } from './leftovers.ts';
import { computeModels, type Modelled } from './models.ts';
import type { ArchiveResult, ModelOutcome, ModelResult, ProcessEvent, Published, Stage } from './observer.ts';
import type { ProcessContext } from './process-context.ts';
import { publishTables } from './publications.ts';
import { Wakes } from './wakes.ts';

/** The tables of the models are renewed at the latest after this time though more events keep coming. */
const RENEW_AFTER_MS = 60_000;

/** When processing ends. */
export interface ProcessEnd {
  /** What must be in the lake, before the models run once; absent: the log is followed until `stop`. */
  readonly ends?: Promise<readonly PartitionRange[]>;
  /**
   * Ends each stage: what is not done is left for the next run. It is aborted when a stage has failed for
   * good, so that the others end.
   */
  readonly stop: AbortController;
}

/** What one run of processing did. */
export interface ProcessResult {
  readonly archive: ArchiveResult;
  /** The model whose rows are the dataset's entities. */
  readonly model: ModelResult | null;
  /** The models in order whose tables are the dataset's results, where there are several. */
  readonly models?: readonly ModelOutcome[];
  /** What became of the first publication. */
  readonly publish: Published | null;
  /** And of all of them, in order. */
  readonly published: readonly Published[];
}

/**
 * Archive, models and publications, in that order: each works when the one before it has brought something.
 * No stage waits for a later one.
 *
 * With `ends` the models run once all is archived, and a failure ends processing. Without, they run each time
 * that the archive pauses, and every minute where it does not, and publishing after each of their runs. Once
 * the stores have been reached, what may pass is then retried, after longer and longer pauses; publishing,
 * the last stage, is retried after any failure.
 */
export async function processLog(context: ProcessContext, end: ProcessEnd): Promise<ProcessResult> {
  // Until the archive waits for them, nobody would hear of their failure, and Node ends a process for that.
  end.ends?.catch(() => {});
  await removeLeftovers(context);
  return new Processing(context, end).run();
}

class Processing {
  readonly #context: ProcessContext;
  readonly #ends: ProcessEnd['ends'];
  readonly #stop: AbortController;
  /** The archive has brought something that the models have not seen. */
  readonly #archived: Wakes;
  /** The models have brought something that is not published. */
  readonly #modelled: Wakes;
  #models: Modelled = { main: null, outcomes: [], versions: new Map() };
  /** Null until all is published. */
  #published: readonly Published[] | null = null;
  #failure: unknown;

  constructor(context: ProcessContext, { ends, stop }: ProcessEnd) {
    this.#context = context;
    this.#ends = ends;
    this.#stop = stop;
    this.#archived = new Wakes(stop.signal);
    this.#modelled = new Wakes(stop.signal);
  }

  async run(): Promise<ProcessResult> {
    const [archived] = await Promise.all([
      this.#archive().catch((error) => this.#fail(error)),
      this.#model().catch((error) => this.#fail(error)),
      this.#publish().catch((error) => this.#fail(error)),
    ]);
    if (!archived || this.#failure !== undefined) throw this.#failure;
    return this.#result(archived);
  }

  async #archive(): Promise<ArchiveResult> {
    const { signal } = this.#stop;
    const { archive: context, checkArchived } = this.#context;
    const pause = new Pause();
    const total = { events: 0, rejected: 0, commits: 0 };
    let reached = false;
    let fresh = true;
    let renewed = Date.now();
    const renew = () => {
      fresh = false;
      renewed = Date.now();
      if (!this.#ends) this.#archived.wake();
    };
    const observe = (event: ProcessEvent) => {
      context.observe?.(event);
      if (event.type === 'turn') reached = true;
      if (event.type === 'committed' || event.type === 'idle') pause.reset();
      if (event.type === 'committed') {
        fresh = true;
        if (Date.now() - renewed > RENEW_AFTER_MS) renew();
      }
      if (event.type === 'idle' && fresh) renew();
    };
    const ends = this.#ends ?? new Promise<never>(() => {});
    const survives = (error: unknown) => reached && mayPass(error);
    await this.#try(
      'archive',
      () => archive({ ...context, observe }, { ends, signal }, total),
      survives,
      pause,
    );
    const result = { ...total, stopped: signal.aborted };
    if (!result.stopped) {
      context.observe?.({ type: 'archived', result });
      checkArchived?.(result);
      this.#archived.wake();
    }
    this.#archived.end();
    return result;
  }

  async #model(): Promise<void> {
    for await (const _ of this.#archived) {
      await this.#try('model', async () => {
        this.#models = await computeModels(this.#context, this.#stop.signal);
        this.#modelled.wake();
      });
    }
    this.#modelled.end();
  }

  async #publish(): Promise<void> {
    const survives = (error: unknown) => error instanceof EventlakeError;
    for await (const _ of this.#modelled) {
      await this.#try(
        'publish',
        async () => {
          this.#published = await publishTables(this.#context, this.#models.versions);
        },
        survives,
      );
    }
  }

  /** Does the work of a stage; what ends it because of `stop` is no failure. */
  async #try(
    stage: Stage,
    work: () => Promise<unknown>,
    survives: (error: unknown) => boolean = mayPass,
    pause = new Pause(),
  ): Promise<void> {
    const { signal } = this.#stop;
    for (;;) {
      try {
        await work();
        return;
      } catch (error) {
        if (signal.aborted && stage !== 'archive') return;
        if (this.#ends || signal.aborted || !survives(error)) throw error;
        const pauseMs = pause.next();
        this.#context.archive.observe?.({ type: 'failed', stage, error: error as EventlakeError, pauseMs });
        await sleep(pauseMs, undefined, { signal }).catch(() => {});
        if (signal.aborted) return;
      }
    }
  }

  #fail(error: unknown): null {
    this.#failure ??= error;
    this.#stop.abort();
    return null;
  }

  #result(archived: ArchiveResult): ProcessResult {
    const published = this.#published;
    if (archived.stopped || !published)
      return { archive: { ...archived, stopped: true }, model: null, publish: null, published: [] };
    const { main, outcomes } = this.#models;
    const results = resultTables(this.#context.archive.dataset);
    const models = outcomes.filter(({ table }) => results.includes(table));
    return {
      archive: archived,
      model: main,
      ...(results.length > 1 ? { models } : {}),
      publish: published[0] ?? null,
      published,
    };
  }
}
