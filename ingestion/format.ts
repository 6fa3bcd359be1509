import { nameInSource, recordParts } from '../core/column-source.ts';
import type { Dataset } from '../core/dataset.ts';
import { UsageError } from '../core/errors.ts';
import { type Dialect, dialectOf } from './dialect.ts';
import { type EventEncoder, eventEncoder, jsonEncoder } from './events.ts';
import { type Header, readHeader } from './header.ts';
import { toJsonRecords } from './json-lines.ts';
import type { Block } from './lines.ts';
import type { RecordGroup } from './record-group.ts';
import { toRecords } from './records.ts';
import type { SourceFile } from './source-file.ts';

/** How one file's bytes become events: what `check-data` and `ingest` both go by. */
export interface FileFormat {
  /** Without names for a file of JSON lines. */
  readonly header: Header;
  /** Throws as {@link eventEncoder}: the header may be still being written. */
  encoder(): EventEncoder;
  /**
   * The records in blocks whose first physical line has the number `firstLine`; `isComplete` as of
   * `toRecords`.
   */
  records(
    blocks: AsyncIterable<Block>,
    firstLine: number,
    isComplete: (ended: boolean) => Promise<boolean>,
  ): AsyncGenerator<RecordGroup>;
}

/**
 * Looks at the beginning of a file; null for one without any record. Throws as {@link readHeader}.
 * @throws UsageError `ingest:no_headers` when a column is read from a header, which a file has not
 */
export async function readFormat(
  dataset: Pick<Dataset, 'name' | 'key' | 'columns' | 'source'>,
  source: SourceFile,
): Promise<FileFormat | null> {
  requireNoHeaders(dataset);
  if (isJsonLines(dataset, source.path)) {
    const keyColumn = dataset.columns.find(({ name }) => name === dataset.key);
    const key = keyColumn ? nameInSource(keyColumn) : dataset.key;
    const header = await readHeader(source, null);
    return (
      header && {
        header,
        encoder: jsonEncoder,
        records: (blocks, firstLine, isComplete) => toJsonRecords(blocks, firstLine, key, isComplete),
      }
    );
  }
  const described = dialectOf(dataset.source);
  const header = await readHeader(source, described);
  if (!header) return null;
  const { names, delimiter } = header;
  const dialect: Dialect = { ...described, delimiter };
  return {
    header,
    encoder: () => eventEncoder(dataset, names, source.path, dialect),
    records: (blocks, firstLine, isComplete) =>
      toRecords(blocks, firstLine, names.length, isComplete, dialect),
  };
}

function requireNoHeaders(dataset: Pick<Dataset, 'name' | 'columns'>): void {
  const [header] = recordParts(dataset)?.headers ?? [];
  if (header === undefined) return;
  throw new UsageError(
    'ingest:no_headers',
    `Dataset ${dataset.name} reads the header ${header} of each record, and rows of a file have no headers.`,
    { hint: 'Only the programs that write the topic can add events to it.' },
  );
}

/**
 * Whether each line is a JSON object. A file that is sent to a topic of JSON messages holds such lines,
 * unless its name says CSV.
 */
function isJsonLines({ source }: Pick<Dataset, 'source'>, path: string): boolean {
  return source.type === 'file' ? source.format === 'ndjson' : !/\.csv(\.gz|\.zst)?$/i.test(path);
}
