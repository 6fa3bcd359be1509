import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { python } from './compare.ts';

/**
 * Exported files of co2_live, oldest first, and the log: a local one's folder, or the records [partition,
 * offset, value].
 */
export type ExportRequest = { readonly files: readonly string[] } & (
  | { readonly chunks: string }
  | { readonly records: readonly (readonly [number, number, string | null])[] }
);

/** What the files should hold by an independent reading of the log, and in what they differ from it. */
export interface ExportReport {
  readonly rows: number;
  readonly rejected: number;
  readonly differences: readonly string[];
}

/** Runs exported.py. */
export async function compareExport(request: ExportRequest): Promise<ExportReport> {
  const child = spawn(python(), [join(import.meta.dirname, 'exported.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  child.stdin.end(JSON.stringify(request));
  const output = await text(child.stdout);
  if (output === '') throw new Error('exported.py failed; its message is above');
  return JSON.parse(output);
}
