import { ProgressFile, progressFolder, STAGES } from '../monitoring/progress-files.ts';
import type { ProcessEvent } from '../processing/observer.ts';
import { barsCanBeDrawn, clearBeforeNotes, coloured, note, thousands } from './output.ts';
import type { Session } from './session.ts';

const LINES_EVERY_MS = 5000;
const DRAW_EVERY_MS = 100;
const BAR = 24;

type Stage = (typeof STAGES)[number];

/** How far a stage has come. */
export interface StageState {
  readonly done: number;
  /** What is counted, in the plural. */
  readonly unit: string;
  /** From 0 to 1; null while it cannot be known. */
  readonly share: number | null;
}

interface Shown extends StageState {
  /** Milliseconds since the process began. */
  readonly began: number;
  /** What was done already when it began: a stage that follows the log begins again and again. */
  readonly before: number;
  /** Null while it runs. */
  readonly ended: number | null;
}

/**
 * Shows how far the stages of a job have come: a labelled bar for each on a terminal, elsewhere a line for
 * each every few seconds; and tells the page.
 */
export class Progress {
  readonly #stages = new Map<Stage, Shown>();
  readonly #isTerminal = barsCanBeDrawn();
  readonly #timer: NodeJS.Timeout;
  readonly #file: ProgressFile;
  #drawnAt = 0;
  #linesDrawn = 0;
  #text = '';

  constructor({ settings, dataset }: Session) {
    // The stages also report while they have no news, as a model that is one long statement.
    this.#timer = setInterval(() => this.#tick(), this.#isTerminal ? DRAW_EVERY_MS : LINES_EVERY_MS);
    this.#timer.unref();
    if (this.#isTerminal) clearBeforeNotes(() => this.#clear());
    this.#file = new ProgressFile(progressFolder(settings.home, dataset.name), () =>
      this.#running().map(([stage, { share }]) => ({ stage, share })),
    );
  }

  /** A stage has begun, or has come this far. */
  show(stage: Stage, state: StageState): void {
    const last = this.#stages.get(stage);
    const goesOn = last && last.ended === null && state.done >= last.done;
    const began = goesOn ? last.began : performance.now();
    const before = goesOn ? last.before : Math.min(last?.done ?? 0, state.done);
    this.#stages.set(stage, { ...state, began, before, ended: null });
    if (this.#isTerminal && performance.now() - this.#drawnAt >= DRAW_EVERY_MS) this.#draw();
  }

  /** A stage is done, if it was shown. Its bar stays, full, until the job ends. */
  finish(stage: Stage): void {
    const state = this.#stages.get(stage);
    if (!state || state.ended !== null) return;
    this.#stages.set(stage, { ...state, share: 1, ended: performance.now() });
    this.#file.renew();
    if (this.#isTerminal) this.#draw();
  }

  /** Hears of archive, models and publications. */
  observe(event: ProcessEvent): void {
    switch (event.type) {
      case 'progress': {
        const { stage, unit, done, total } = event;
        this.show(stage, {
          done,
          unit,
          share: total === null ? null : Math.min(1, done / Math.max(1, total)),
        });
        break;
      }
      case 'idle':
      case 'archived':
        this.finish('archive');
        break;
      case 'modelled':
        this.finish('model');
        break;
      case 'published':
        this.finish('publish');
        break;
    }
  }

  /** Leaves the terminal to what comes next. */
  end(): void {
    clearInterval(this.#timer);
    this.#file.end();
    clearBeforeNotes(null);
    this.#clear();
  }

  #running(): [Stage, Shown][] {
    return [...this.#stages].filter(([, { ended }]) => ended === null);
  }

  #tick(): void {
    if (this.#isTerminal) {
      this.#draw();
      return;
    }
    for (const [stage, state] of this.#running()) {
      const { done, unit, share } = state;
      const details = { event: 'progress', hop: stage, ...(unit && { [unit]: done }), share };
      note(`${stage}: ${figures(state)}`, 'info', details);
    }
  }

  #draw(): void {
    const width = (process.stderr.columns || 80) - 1;
    const lines = STAGES.flatMap((stage) => {
      const state = this.#stages.get(stage);
      return state ? barLine(stage, state, width) : [];
    });
    const text = lines.map((line) => `${line}\n`).join('');
    if (text === this.#text && this.#linesDrawn > 0) return;
    this.#clear();
    process.stderr.write(text);
    this.#text = text;
    this.#linesDrawn = lines.length;
    this.#drawnAt = performance.now();
  }

  #clear(): void {
    if (this.#linesDrawn > 0) process.stderr.write(`\u001b[${this.#linesDrawn}A\u001b[0J`);
    this.#linesDrawn = 0;
  }
}

function barLine(stage: Stage, state: Shown, width: number): string {
  const full = Math.round((state.share ?? 0) * BAR);
  const label = stage.padEnd(8);
  const text = `  ${figures(state)}`.slice(0, Math.max(0, width - label.length - BAR));
  const bar = '█'.repeat(full);
  const colour = state.ended === null ? 'cyan' : 'green';
  return `${label}${bar && coloured(bar, colour, process.stderr)}${'░'.repeat(BAR - full)}${text}`;
}

/** `34 %  300,000 rows  120,000 rows/s  12 s left`; how long it has taken, where the rest is not known. */
function figures({ done: all, before, unit, share, began, ended }: Shown): string {
  const done = all - before;
  const seconds = ((ended ?? performance.now()) - began) / 1000;
  const parts: string[] = [];
  if (share !== null) parts.push(`${String(Math.floor(share * 100)).padStart(3)} %`);
  // Shares of keys say nothing to people.
  if (done > 0 && unit !== 'shares') {
    parts.push(`${thousands(done)} ${unit}`);
    if (seconds >= 1) parts.push(`${thousands(Math.round(done / seconds))} ${unit}/s`);
  }
  const isUnknown = ended !== null || share === null || share === 0 || share === 1;
  parts.push(isUnknown ? `${seconds.toFixed(1)} s` : `${Math.round((seconds / share) * (1 - share))} s left`);
  return parts.join('  ');
}
