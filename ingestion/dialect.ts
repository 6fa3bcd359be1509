import type { FileSource, Source } from '../core/dataset.ts';

/** How the fields of a CSV line are parted; each is one ASCII character, which UTF-8 text has as one byte. */
export interface Dialect {
  readonly delimiter: string;
  /** Encloses a field that holds delimiters, line feeds or itself; null: nothing does. */
  readonly quote: string | null;
  /** Before a quote within a quoted field; where it is the quote itself, a quote is doubled. */
  readonly escapedBy: string;
}

/** RFC 4180. */
export const COMMAS: Dialect = { delimiter: ',', quote: '"', escapedBy: '"' };

/** The dialect that a dataset's file describes. */
export function dialectOf(source: Source): Dialect {
  if (source.type !== 'file') return COMMAS;
  const { delimiter = ',', quote = '"' } = source;
  return { delimiter, quote: quote === '' ? null : quote, escapedBy: source.escape ?? (quote || '"') };
}

/** The encoding that has to be decoded; null for UTF-8. */
export function encodingOf(source: Source): NonNullable<FileSource['encoding']> | null {
  const encoding = source.type === 'file' ? source.encoding : undefined;
  return encoding === undefined || encoding === 'utf-8' ? null : encoding;
}

/**
 * The delimiter of a file whose first line is `sep=;`, as Excel writes and reads it; null for any other line.
 */
export function delimiterLine(line: string): string | null {
  return /^"?sep=([^"\r\n])"?\s*$/i.exec(line)?.[1] ?? null;
}

/** Which of the usual delimiters parts a header into these names; null when none does. */
export function guessDelimiter(header: string, names: readonly string[]): string | null {
  const wanted = names.map(comparable);
  const parts = (delimiter: string) => header.split(delimiter).map((name) => comparable(unquoted(name)));
  return [';', '\t', '|', ','].find((one) => wanted.every((name) => parts(one).includes(name))) ?? null;
}

/** A name as it is compared when none is equal: without spaces around it, in lower case. */
export function comparable(name: string): string {
  return name.trim().toLowerCase();
}

function unquoted(name: string): string {
  return name.trim().replace(/^"(.*)"$/, '$1');
}
