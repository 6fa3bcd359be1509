import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parse } from 'csv-parse/sync';
import { python } from './compare.ts';

/** What is known of products (by id), addresses and user agents: their values in the order of the columns. */
export interface KnownMembers {
  readonly products: Record<string, (string | null)[]>;
  readonly locations: Record<string, (string | null)[]>;
  readonly user_agents: Record<string, (string | null)[]>;
}

/** What was done, and where the result is; see product_views.py. */
export interface ProductViewsRequest extends KnownMembers {
  /** Files of messages, in any order. */
  readonly messages: readonly string[];
  /** Folder of the dataset's tables. */
  readonly lake: string;
  /** Address of the database. */
  readonly warehouse: string;
  /** The day of the reports; null with no reports. */
  readonly date: string | null;
  readonly reports: Record<string, Record<string, unknown>>;
}

/** What the tables hold other than the messages say. */
export interface ProductViewsReport {
  /** The first differences, in words; `count` is how many there are. */
  readonly differences: string[];
  readonly count: number;
  readonly facts: number;
  readonly rejected: number;
}

/** Runs product_views.py, which reads the files, the lake and PostgreSQL itself. */
export async function askProductViews(request: ProductViewsRequest): Promise<ProductViewsReport> {
  const child = spawn(python(), [join(import.meta.dirname, 'product_views.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(request));
  const output = await text(child.stdout);
  if (output === '') throw new Error('the oracle failed; its message is above');
  return JSON.parse(output);
}

/** The rows of a CSV file of products or locations as known members: the first column is their key. */
export async function membersOf(file: string): Promise<Record<string, string[]>> {
  const [, ...rows]: string[][] = parse(await readFile(file));
  return Object.fromEntries(rows.map(([key = '', ...values]) => [key, values]));
}
