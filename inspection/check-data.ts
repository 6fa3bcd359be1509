import type { RecordBatch } from '../core/contracts.ts';
import type { Dataset } from '../core/dataset.ts';
import type { EngineBatch, LocalEngine } from '../core/engine.ts';
import { Slices } from '../core/slices.ts';
import { readFormat } from '../ingestion/format.ts';
import { toBlocks } from '../ingestion/lines.ts';
import type { EncodedEvents } from '../ingestion/plain-encoder.ts';
import { isBeingWritten, readSource, type SourceFile } from '../ingestion/source-file.ts';

const BATCH_ROWS = 200_000;
const LINES_SHOWN = 5;

/** One way in which rows break the contract; `lines` are the first of them. */
export interface Finding {
  readonly reason: string;
  readonly rows: number;
  readonly lines: number[];
}

/** What a file would become if it were ingested and processed now. */
export interface CheckReport {
  readonly file: string;
  readonly bytes: number;
  /** Empty for a file without a header: an empty one, or one of JSON lines. */
  readonly header: string[];
  readonly extraColumns: string[];
  readonly absentColumns: string[];
  readonly rows: number;
  readonly good: number;
  /**
   * The last line, when it has no line end and the file may still be written: ingest leaves it for a later
   * run.
   */
  readonly unendedLine: number | null;
  readonly findings: Finding[];
}

/**
 * Reads a file with the code that ingests it, and checks its rows with the SQL that archives them. Nothing is
 * written anywhere.
 */
export async function checkData(
  dataset: Dataset,
  source: SourceFile,
  engine: Pick<LocalEngine, 'batch' | 'broken'>,
): Promise<CheckReport> {
  const report = { file: source.path, bytes: source.size };
  const format = await readFormat(dataset, source);
  if (!format)
    return {
      ...report,
      header: [],
      extraColumns: [],
      absentColumns: [],
      rows: 0,
      good: 0,
      unendedLine: null,
      findings: [],
    };
  const { header } = format;
  const encoder = format.encoder();
  const findings = new Findings();
  let rows = 0;
  let unendedLine: number | null = null;
  let batch: EngineBatch | null = null;
  const checkBatch = async (checked: EngineBatch) => {
    batch = null;
    for (const { reason, rows, offsets } of await engine.broken(dataset, checked, LINES_SHOWN))
      findings.add(reason, rows, offsets);
    await checked.discard();
  };
  try {
    for await (const group of format.records(
      toBlocks(readSource(source, header.bytes)),
      header.nextLine,
      async (ended) => !(await isBeingWritten(source, ended)),
    )) {
      if (group.left) unendedLine = group.nextLine;
      const events = { keys: new Slices(), values: new Slices() };
      const lines: number[] = [];
      for (const [i, row] of group.rows.entries()) {
        const line = group.lines[i] ?? 0;
        rows += 1;
        if (row && 'reason' in row) {
          findings.add(row.reason, 1, [line]);
          continue;
        }
        encoder.encode(group, i, events);
        lines.push(line);
      }
      if (lines.length === 0) continue;
      batch ??= await engine.batch(dataset);
      await batch.add(recordsOf(events, lines), 0n);
      if (batch.rows >= BATCH_ROWS || batch.isFull) await checkBatch(batch);
    }
    if (batch) await checkBatch(batch);
  } finally {
    await batch?.discard();
  }
  const list = findings.list();
  const good = rows - list.reduce((sum, finding) => sum + finding.rows, 0);
  return {
    ...report,
    header: [...header.names],
    extraColumns: [...encoder.extra],
    absentColumns: [...encoder.absent],
    rows,
    good,
    unendedLine,
    findings: list,
  };
}

/** The line number stands in for the offset. */
function recordsOf({ keys, values }: EncodedEvents, lines: readonly number[]): RecordBatch {
  const offsets = lines.map(BigInt);
  return {
    ...{ stream: 'events', partition: 0, from: 0n, next: (offsets.at(-1) ?? 0n) + 1n },
    ...{ offsets, timestamps: lines.map(() => 0) },
    values,
    keys: [...keys],
  };
}

class Findings {
  readonly #found = new Map<string, { rows: number; lines: number[] }>();

  add(reason: string, rows: number, lines: readonly number[]): void {
    const known = this.#found.get(reason) ?? { rows: 0, lines: [] };
    this.#found.set(reason, {
      rows: known.rows + rows,
      lines: [...known.lines, ...lines].slice(0, LINES_SHOWN),
    });
  }

  list(): Finding[] {
    return [...this.#found]
      .map(([reason, found]) => ({ reason, ...found }))
      .sort((a, b) => b.rows - a.rows || (a.reason < b.reason ? -1 : 1));
  }
}
