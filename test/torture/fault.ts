import type { ChildProcess } from 'node:child_process';
import type { Random } from '../../generator/random.ts';
import type { Environment } from '../stack/end-to-end-environment.ts';
import type { TortureStack } from './stack.ts';

/** What a fault is injected into while it works: a follower, and ingests of one file after the other. */
export interface Pipeline {
  readonly environment: Environment;
  readonly dataset: string;
  /** Options of its `process`. */
  readonly options: readonly string[];
  /** Writes the file number `wave` in the environment's folder, which equals no other, and gives its name. */
  writeFile(wave: number): Promise<string>;
  /** Compares the stores with the files by their names, in the order in which they were ingested. */
  checkExact(names: readonly string[]): Promise<void>;
}

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
 * A fault that comes and goes while a follower and ingests work. In the end the stores hold exactly the
 * input.
 */
export interface PassingFault extends Described {
  /** Opens what works; electronics unless said otherwise. */
  open?(stack: TortureStack, random: Random): Promise<Pipeline>;
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

/** Stores that are harmed again and again. */
export interface Harmed {
  /**
   * Harms them once, lets commands work on them, and repairs them; throws when these end in another way than
   * they should. Answers how often the fault fired.
   */
  inject(): Promise<number>;
  /** Requires that they hold exactly the input. */
  checkExact(): Promise<void>;
  close(): Promise<void>;
}

/** A fault that is injected again and again into the same stores, while nothing else works. */
export interface RepeatedFault extends Described {
  openHarmed(target: Omit<Target, 'jobs'>): Promise<Harmed>;
}

export type Fault = PassingFault | Scenario | RepeatedFault;
