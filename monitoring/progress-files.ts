import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** The stages of a job, in running order. */
export const STAGES = ['ingest', 'archive', 'model', 'publish', 'audit'] as const;

const stageProgress = z.object({
  stage: z.enum(STAGES),
  /** From 0 to 1; null while it cannot be known. */
  share: z.number().min(0).max(1).nullable(),
});
const jobProgress = z.array(stageProgress);

/** How far a stage that runs now has come. */
export type RunningStage = z.infer<typeof stageProgress>;

/** Where the jobs over a dataset tell of their progress. */
export function progressFolder(home: string, dataset: string): string {
  return join(home, 'progress', dataset);
}

const RENEWED_MS = 1000;
/** A file that was not renewed for so long is of a job that was killed, or hangs. */
const LASTS_MS = 5000;

/**
 * Tells other processes, as the page, how far a job has come: a file in the folder, renewed each second and
 * removed at the end. A job that takes less than a second writes none. Where the file cannot be written the
 * job continues without it.
 */
export class ProgressFile {
  readonly #folder: string;
  readonly #file: string;
  readonly #stages: () => readonly RunningStage[];
  readonly #timer: NodeJS.Timeout;
  #isWritten = false;

  /** `stages` gives those that run now. */
  constructor(folder: string, stages: () => readonly RunningStage[]) {
    this.#folder = folder;
    this.#file = join(folder, `${randomUUID()}.json`);
    this.#stages = stages;
    this.#timer = setInterval(() => this.#write(), RENEWED_MS);
    this.#timer.unref();
  }

  /** A stage has ended: those who look are told at once, if they know of the job. */
  renew(): void {
    if (this.#isWritten) this.#write();
  }

  end(): void {
    clearInterval(this.#timer);
    if (this.#isWritten) attempt(() => rmSync(this.#file, { force: true }));
  }

  /** At once, so that nothing is written after the end; it is a hundred bytes. */
  #write(): void {
    attempt(() => {
      if (!this.#isWritten) this.#begin();
      writeFileSync(`${this.#file}.new`, JSON.stringify(this.#stages()));
      renameSync(`${this.#file}.new`, this.#file);
      this.#isWritten = true;
    });
  }

  /** Makes the folder, and removes what killed jobs left. */
  #begin(): void {
    mkdirSync(this.#folder, { recursive: true });
    for (const name of readdirSync(this.#folder)) {
      const file = join(this.#folder, name);
      const found = statSync(file, { throwIfNoEntry: false });
      if (found && Date.now() - found.mtimeMs > LASTS_MS) rmSync(file, { force: true });
    }
  }
}

function attempt(write: () => void): void {
  try {
    write();
  } catch {
    // A full disk, or a home that became read-only: the job itself says so where it matters.
  }
}

/** The stages that jobs with files in the folder run now, and how far each has come. */
export async function runningStages(folder: string): Promise<RunningStage[]> {
  const names = await readdir(folder).catch(() => []);
  const jobs = await Promise.all(
    names.filter((name) => name.endsWith('.json')).map((name) => stagesIn(join(folder, name))),
  );
  return jobs.flat();
}

/** None where the file is gone meanwhile, was left by a killed job, or has another form. */
async function stagesIn(file: string): Promise<RunningStage[]> {
  try {
    const { mtimeMs } = await stat(file);
    if (Date.now() - mtimeMs > LASTS_MS) return [];
    return jobProgress.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return [];
  }
}
