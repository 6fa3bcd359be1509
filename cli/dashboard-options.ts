import { InvalidArgumentError } from 'commander';
import type { CommonOptions } from './session.ts';

/** Where the dashboard listens unless told otherwise: reachable from this machine only. */
export const PORT = 8080;
export const HOST = '127.0.0.1';

/** Where the dashboard listens. */
export interface DashboardOptions extends CommonOptions {
  readonly port: number;
  readonly host: string;
  /**
   * The address by which it is reached where that is another one, as that of a published port; it decides
   * whether a token is asked for.
   */
  readonly reachedAt?: string;
  /** The CSV file of the live readings where it is not the dataset's own. */
  readonly csv?: string | undefined;
}

/** Reads a port. */
export function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError('It must be a port, 0 to 65535.');
}
