import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { python } from './compare.ts';

/** What the overview is filtered by. */
export interface OverviewFilter {
  readonly from?: string;
  readonly to?: string;
  readonly category?: string;
  readonly brand?: string;
  readonly segment?: string;
}

/** One overview, over distinct events except for the number of rows. */
export interface ExpectedOverview {
  readonly numbers: { events: number; customers: number; buyers: number; revenue: string };
  readonly duplicates: number;
  readonly funnel: Record<string, { customers: number; events: number }>;
  /** Customers by segment, and events by the others. */
  readonly segments: Record<string, number>;
  readonly categories: Record<string, number>;
  readonly brands: Record<string, number>;
  readonly types: Record<string, number>;
  /** Money of each buyer. */
  readonly spent: number[];
}

/** What the dashboard should show of files; see overview.py. */
export interface ExpectedPage {
  readonly overviews: ExpectedOverview[];
  /** By id; money as text, times in ISO 8601. */
  readonly profiles: Record<string, Record<string, string | number | null>>;
  readonly rejected: Record<string, number>;
  readonly rows: number;
}

/**
 * Computes independently, from the files themselves, what the dashboard should show under each of the
 * filters.
 */
export async function expectedPage(
  files: readonly string[],
  filters: readonly OverviewFilter[] = [],
): Promise<ExpectedPage> {
  const child = spawn(python(), [join(import.meta.dirname, 'overview.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify({ files, filters }));
  const output = await text(child.stdout);
  if (output === '') throw new Error('overview.py failed; its message is above');
  return JSON.parse(output);
}
