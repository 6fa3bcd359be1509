import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A row to store (JSON text), or null to delete it. */
export interface Change {
  readonly id: string;
  readonly document: string | null;
}

let folder: string | undefined;
let files = 0;

/** Writes changes as SQL writes them for `Sink.apply`; answers with the file, which is removed when the process ends. */
export function fileOf(changes: readonly Change[]): string {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'eventlake-changes-'));
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  const file = join(folder, `${files++}.tsv`);
  writeFileSync(
    file,
    changes.map(({ id, document }) => `${JSON.stringify(id)}\t${document ?? ''}\n`).join(''),
  );
  return file;
}
