import type { ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../generator/random.ts';
import { outcomeOf } from '../stack/end-to-end-environment.ts';

/** One kill, and how far the job had come by the commits that its stores show. */
export interface Kill {
  /**
   * `start-up`: some time after the process was started; `progress`: some time after it had made commits of
   * its own.
   */
  readonly aim: 'start-up' | 'progress';
  readonly before: number;
  readonly after: number;
}

export interface Campaign {
  readonly start: () => ChildProcess;
  /** How many commits the stores show. */
  readonly progress: () => Promise<number>;
  readonly random: Random;
  /**
   * Commits that a process makes before it has done anything: the local log's writer begins with an empty
   * chunk.
   */
  readonly opening: number;
  /** After this many kills the process is left alone. */
  readonly kills: number;
  /** Kills are aimed at the first this many commits of a process, */
  readonly commits: number;
  /** and up to this much later; */
  readonly pauseMs: number;
  /** one in `startUpEvery` at the time up to this after its start. */
  readonly startUpMs: number;
  readonly startUpEvery: number;
}

const LOOK_MS = 2;

/**
 * Starts a process again and again and kills each with SIGKILL at a random moment, until one comes to its
 * end, with exit code 0.
 */
export async function killUntilDone(campaign: Campaign): Promise<Kill[]> {
  const { random, progress } = campaign;
  const kills: Kill[] = [];
  for (;;) {
    const before = await progress();
    const child = campaign.start();
    const outcome = outcomeOf(child);
    if (kills.length < campaign.kills) {
      const aim = random.below(campaign.startUpEvery) === 0 ? 'start-up' : 'progress';
      const over = new AbortController();
      const ended = outcome.finally(() => over.abort());
      const moment =
        aim === 'start-up' ? sleep(random.below(campaign.startUpMs)) : reached(campaign, before, over.signal);
      await Promise.race([ended, moment]);
      if (child.kill('SIGKILL') && (await outcome).code === null) {
        kills.push({ aim, before, after: await progress() });
        continue;
      }
    }
    const { code, stderr } = await outcome;
    if (code !== 0) throw new Error(`after ${kills.length} kills, exit code ${code}:\n${stderr}`);
    return kills;
  }
}

async function reached(
  { random, progress, opening, commits, pauseMs }: Campaign,
  before: number,
  over: AbortSignal,
): Promise<void> {
  const wanted = before + opening + 1 + random.below(commits);
  const pause = random.below(pauseMs);
  while (!over.aborted && (await progress()) < wanted) await sleep(LOOK_MS);
  await sleep(pause);
}

/** Resolves once a command that logs JSON has said so often that it committed something. */
export function commits(child: ChildProcess, times: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    child.stderr?.on('data', (bytes) => {
      said += bytes;
      if (said.split('"event":"commit"').length > times) resolve();
    });
    child.on('close', () => reject(new Error(`ended by itself: ${said}`)));
  });
}
