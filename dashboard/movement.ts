import type { PipelineAnswer } from './api.ts';

type StageName = PipelineAnswer['hops'][number]['name'];

/** One look at the pipeline. */
export interface Sight {
  /**
   * By stage: a number that changes whenever the stage has done something. Rows for those that have a rate.
   */
  readonly progress: Readonly<Record<StageName, number>>;
  /** Whether all files are ingested to their end, and the lake holds all of the log. */
  readonly complete: boolean;
  /** Rows of the log that the lake does not hold. */
  readonly lag: number;
}

/**
 * Whether a stage works, and how many rows reach its store each second; null where they are not counted, or
 * none.
 */
export interface Movement {
  readonly moving: boolean;
  readonly perSecond: number | null;
}

/** A rate is measured over this time. */
const WINDOW_MS = 10_000;
/** A stage that has done nothing for so long has stopped. */
const QUIET_MS = 3000;

/** Tells from one look after the other which stages work. */
export class Movements {
  #sights: { readonly at: number; readonly sight: Sight }[] = [];

  /** `now` in milliseconds. */
  see(sight: Sight, now = Date.now()): (stage: StageName) => Movement {
    const last = this.#sights.at(-1)?.sight;
    // After a reset.
    if (last && sight.progress.archive < last.progress.archive) this.#sights = [];
    this.#sights.push({ at: now, sight });
    // One sight from before the window stays, so that the window is covered.
    while ((this.#sights[1]?.at ?? now) < now - WINDOW_MS) this.#sights.shift();
    return (stage) => this.#of(stage);
  }

  #of(stage: StageName): Movement {
    const [first, last] = [this.#sights[0], this.#sights.at(-1)];
    if (!first || !last || !this.#isMoving(stage)) return { moving: false, perSecond: null };
    const rows = last.sight.progress[stage] - first.sight.progress[stage];
    const hasRate = (stage === 'ingest' || stage === 'archive') && rows > 0;
    return { moving: true, perSecond: hasRate ? Math.round((1000 * rows) / (last.at - first.at)) : null };
  }

  #isMoving(stage: StageName): boolean {
    const now = this.#sights.at(-1);
    if (!now) return false;
    if (stage === 'archive') {
      // It commits many rows at a time, so that between two commits nothing is seen of it.
      const isFed = now.sight.lag > 0 || this.#isMoving('ingest');
      return isFed && !now.sight.complete && this.#changed('archive', WINDOW_MS);
    }
    return !(stage === 'ingest' && now.sight.complete) && this.#changed(stage, QUIET_MS);
  }

  #changed(stage: StageName, milliseconds: number): boolean {
    const now = this.#sights.at(-1);
    if (!now) return false;
    const then = this.#sights.findLast(({ at }) => at <= now.at - milliseconds) ?? this.#sights[0];
    return then !== undefined && then.sight.progress[stage] !== now.sight.progress[stage];
  }
}
