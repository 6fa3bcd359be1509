import { createHash, type Hash } from 'node:crypto';
import type { LedgerEntry } from '../core/contracts.ts';
import { EventlakeError } from '../core/errors.ts';
import { hashPrefixes, type SourceFile } from './source-file.ts';

/** Where an ingestion of a file begins: at the start with a new entry, or where the ledger says that an earlier one got to. */
export interface Beginning {
  readonly entry: LedgerEntry;
  /** The hash over the first `entry.bytes` bytes. */
  readonly hash: Hash;
  /** The entry is complete, and the file has nothing beyond it. */
  readonly atEnd: boolean;
}

/** A new ingestion of the file, from its first byte. */
function fromStart(source: SourceFile, ingestion: string): Beginning {
  const hash = createHash('sha256');
  const entry: LedgerEntry = {
    ingestion,
    file: source.path,
    bytes: 0,
    sha256: hash.copy().digest('hex'),
    lines: 0,
    rows: 0,
    events: 0,
    deadLetters: 0,
    complete: false,
    updatedAt: new Date().toISOString(),
  };
  return { entry, hash, atEnd: false };
}

/**
 * Finds the file in the ledger by its content, whatever its name. An unfinished entry is continued first, otherwise the one that
 * covers most of the file. A file that is not known begins a new ingestion of the name `ingestion`.
 * @throws `ingest:file_changed` when this path was ingested before and what was read then is no longer the file's beginning.
 */
export async function findBeginning(
  source: SourceFile,
  ledger: readonly LedgerEntry[],
  ingestion: string,
): Promise<Beginning> {
  const known = ledger.filter((entry) => entry.bytes > 0);
  const prefixes = await hashPrefixes(
    source,
    known.map((entry) => entry.bytes),
  );
  let best: Beginning | null = null;
  let cut: LedgerEntry | null = null;
  for (const entry of known) {
    const prefix = prefixes.find((p) => p.bytes === entry.bytes && p.sha256 === entry.sha256);
    if (!prefix || (best && !better(entry, best.entry))) continue;
    const openLine =
      prefix.before !== 0x0a && prefix.after !== undefined && prefix.after !== 0x0a && prefix.after !== 0x0d;
    if (openLine) {
      if (!cut || entry.bytes > cut.bytes) cut = entry;
      continue;
    }
    best = { entry, hash: prefix.hash, atEnd: entry.complete && prefix.after === undefined };
  }
  // Only an entry that was made since, with --again, knows how to go on after a line that was ingested in part.
  if (cut && (!best || (best.entry.complete && best.entry.bytes < cut.bytes)))
    throw changed(source, cut, `its last line then, line ${cut.lines + 1}, goes on now`);
  if (best) return best;
  const same = known.findLast((entry) => entry.file === source.path);
  if (same)
    throw changed(
      source,
      same,
      `its first ${same.bytes} bytes, ingested then as ${same.rows} rows, are different now`,
    );
  return fromStart(source, ingestion);
}

function better(a: LedgerEntry, b: LedgerEntry): boolean {
  return a.complete === b.complete ? a.bytes > b.bytes : !a.complete;
}

function changed(source: SourceFile, entry: LedgerEntry, what: string): EventlakeError {
  return new EventlakeError(
    'ingest:file_changed',
    `${source.path} has changed since it was ingested on ${entry.updatedAt}: ${what}`,
    {
      hint: 'Only what is appended can be ingested. If it really is new data, run again with --again: every row of it is ingested anew.',
    },
  );
}
