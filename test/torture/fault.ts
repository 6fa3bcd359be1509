import type { ChildProcess } from 'node:child_process';
import type { Random } from '../../generator/random.ts';
import type { TortureStack } from './stack.ts';

/** What a fault that is injected into a working pipeline can reach. */
export interface Target {
  readonly stack: TortureStack;
  readonly random: Random;
  /** The follower and the ingest that run at this moment. */
  readonly jobs: { readonly follower: ChildProcess | null; readonly ingest: ChildProcess | null };
}

/** An injected fault. */
export interface Ongoing {
  /** How often it has harmed something. */
  fired(): number;
  /** Ends it. */
  heal(): Promise<void>;
}

interface Described {
  /** For ONLY= and the tables: `s3-lost-answer`. */
  readonly name: string;
  /** How it is injected, for people. */
  readonly how: string;
  /** What must come of it, for people. */
  readonly outcome: string;
}

/**
 * A fault that comes and goes while a follower and ingests work. In the end the lake and the index hold
 * exactly the input.
 */
export interface PassingFault extends Described {
  inject(target: Target): Promise<Ongoing>;
  /** How long it lasts once it has fired, in milliseconds; a random time up to this. */
  readonly holdMs: number;
}

/** A course of events of its own. */
export interface Scenario extends Described {
  /**
   * Plays it once, and throws when it ends in another way than it should. Answers how often the fault fired.
   */
  play(target: Omit<Target, 'jobs'>): Promise<number>;
}

export type Fault = PassingFault | Scenario;
