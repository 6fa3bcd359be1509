import { createHash, type Hash } from 'node:crypto';
import type { EventLog, FileState, LedgerEntry } from '../core/contracts.ts';
import { EventlakeError, hasCode } from '../core/errors.ts';
import { hashPrefixes, type Prefix, readSource, type SourceFile } from './source-file.ts';

const LF = 0x0a;
const CR = 0x0d;
/** What an error shows of a line. */
const SHOWN_BYTES = 300;

/**
 * Where an ingestion of a file begins: at the start with a new entry, or where the ledger says that an
 * earlier one got to.
 */
export interface Beginning {
  readonly entry: LedgerEntry;
  /** The hash over the first `entry.bytes` bytes. */
  readonly hash: Hash;
  /** All of the file is in the log. */
  readonly atEnd: boolean;
  /**
   * Rows of the file that are in the log, in `entry` or in the ingestion whose earlier state the file
   * continues.
   */
  readonly knownRows: number;
}

/** A state of a file that the ledger remembers. */
interface KnownState {
  readonly entry: LedgerEntry;
  readonly state: FileState;
}

/**
 * A new ingestion of the file, from its first byte, or from a state whose rows another ingestion has brought
 * into the log.
 */
function newEntry(source: SourceFile, ingestion: string, from: FileState): LedgerEntry {
  return {
    ingestion,
    file: source.path,
    bytes: from.bytes,
    sha256: from.sha256,
    lines: from.lines,
    rows: 0,
    events: 0,
    deadLetters: 0,
    complete: false,
    updatedAt: new Date().toISOString(),
  };
}

/**
 * Finds the file in the ledger by its content, not by its name. An unfinished entry is continued first,
 * otherwise the state that covers most of the file. A file that continues differently from a state that its
 * ingestion has left behind begins a new ingestion after that state, and a file that is not known one at its
 * first byte; both get the name `ingestion`.
 * @throws `ingest:file_changed` when this path was ingested before and what was read then is no longer the
 *   file's beginning.
 */
export async function findBeginning(
  source: SourceFile,
  ledger: readonly LedgerEntry[],
  ingestion: string,
): Promise<Beginning> {
  const entries = ledger.filter((entry) => entry.bytes > 0);
  const known = entries.flatMap((entry) =>
    [entry, ...(entry.earlier ?? [])].map((state): KnownState => ({ entry, state })),
  );
  const prefixes = await hashPrefixes(
    source,
    known.map(({ state }) => state.bytes),
  );
  let best: (KnownState & { prefix: Prefix }) | null = null;
  let cut: (KnownState & { prefix: Prefix }) | null = null;
  for (const { entry, state } of known) {
    const prefix = prefixes.find((p) => p.bytes === state.bytes && p.sha256 === state.sha256);
    if (!prefix) continue;
    if (endsWithinLine(prefix)) {
      if (!cut || state.bytes > cut.state.bytes) cut = { entry, state, prefix };
    } else if (!best || better({ entry, state }, best)) best = { entry, state, prefix };
  }
  // Only an entry that was made since, with --again, knows how to continue after a line that was ingested in
  // part.
  if (cut && (!best || (!isUnfinished(best) && best.state.bytes < cut.state.bytes)))
    throw await lineContinues(source, cut.entry, cut.state);
  if (best) {
    const { entry, state, prefix } = best;
    const atEnd = prefix.after === undefined && (state !== entry || entry.complete);
    const continued = state === entry || atEnd ? entry : newEntry(source, ingestion, state);
    return { entry: continued, hash: prefix.hash, atEnd, knownRows: state.rows };
  }
  const same = entries.findLast((entry) => entry.file === source.path);
  if (same)
    throw changed(
      source,
      same,
      `its first ${same.bytes} bytes, ingested then as ${same.rows} rows, are different now`,
    );
  const hash = createHash('sha256');
  const nothing = { bytes: 0, sha256: hash.copy().digest('hex'), lines: 0, rows: 0 };
  return { entry: newEntry(source, ingestion, nothing), hash, atEnd: false, knownRows: 0 };
}

/**
 * Looks where a run begins, as often as it is asked. The file's beginning is hashed again only when the
 * ledger has changed. With `again` only what this run itself has ingested counts.
 */
export function beginningFinder(
  log: EventLog,
  { source, again }: { source: SourceFile; again: boolean },
  ingestion: string,
): () => Promise<Beginning> {
  let last: { ledger: string; beginning: Beginning } | null = null;
  return async () => {
    const entries = await log.ledger();
    const known = again ? entries.filter((entry) => entry.ingestion === ingestion) : entries;
    const ledger = JSON.stringify(known);
    if (last?.ledger !== ledger) last = { ledger, beginning: await findBeginning(source, known, ingestion) };
    return { ...last.beginning, hash: last.beginning.hash.copy() };
  };
}

/**
 * How many rows of a file are in the log, as far as the ledger tells; of a file that was changed, those of
 * its last ingestion.
 */
export async function knownRows(log: EventLog, source: SourceFile): Promise<number> {
  const ledger = await log.ledger();
  try {
    return (await findBeginning(source, ledger, '')).knownRows;
  } catch (error) {
    if (!hasCode(error, 'ingest:file_changed')) throw error;
    return ledger.findLast((entry) => entry.file === source.path)?.rows ?? 0;
  }
}

function isUnfinished({ entry, state }: KnownState): boolean {
  return state === entry && !entry.complete;
}

function better(a: KnownState, b: KnownState): boolean {
  if (isUnfinished(a) !== isUnfinished(b)) return isUnfinished(a);
  return a.state.bytes === b.state.bytes ? a.state === a.entry : a.state.bytes > b.state.bytes;
}

function endsWithinLine({ before, after }: Prefix): boolean {
  return before !== LF && after !== undefined && after !== LF && after !== CR;
}

function changed(source: SourceFile, entry: LedgerEntry, what: string, hint?: string): EventlakeError {
  return new EventlakeError(
    'ingest:file_changed',
    `${source.path} has changed since it was ingested on ${entry.updatedAt}: ${what}`,
    {
      hint:
        hint ??
        'Only what is appended can be ingested. If it really is new data, run again with --again: every row of it is ingested again.',
    },
  );
}

/** The file's last line was ingested before all of it was written: the lake has a row of its beginning. */
async function lineContinues(
  source: SourceFile,
  entry: LedgerEntry,
  state: FileState,
): Promise<EventlakeError> {
  const row = await textBefore(source, state.bytes);
  return changed(
    source,
    entry,
    `its last line then, line ${state.lines + 1}, continues now. The lake has a row of what was there: ${row}`,
    `Start from the beginning with: eventlake reset --yes, then ingest the file again. Or keep that row and run with --again: the ${state.rows} rows that are in the lake will be there twice.`,
  );
}

/** The end of the line that ends at byte `end`. */
async function textBefore(source: SourceFile, end: number): Promise<string> {
  const start = Math.max(0, end - SHOWN_BYTES);
  let bytes: Buffer = Buffer.alloc(0);
  for await (const part of readSource(source, start)) {
    bytes = Buffer.concat([bytes, part]);
    if (bytes.length >= end - start) break;
  }
  bytes = bytes.subarray(0, end - start);
  return bytes.subarray(bytes.lastIndexOf(LF) + 1).toString();
}
