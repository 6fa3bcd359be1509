const [LF, QUOTE] = [0x0a, 0x22];

/** One record of a CSV file. An empty field is null; an empty text is written `""`. */
export interface CsvRecord {
  readonly fields: readonly (string | null)[];
  /** Bytes from the beginning of the buffer to the record's end, its line feed included. */
  readonly end: number;
}

/**
 * The complete records (RFC 4180, lines end in LF) at the beginning of `bytes`. What follows the last line
 * feed outside quotes is not a record yet.
 */
export function* csvRecords(bytes: Buffer): Generator<CsvRecord> {
  for (let start = 0; start < bytes.length; ) {
    const end = endOfRecord(bytes, start);
    if (end < 0) return;
    yield { fields: fieldsOf(bytes.toString('utf8', start, end - 1)), end };
    start = end;
  }
}

/** One past the record's line feed; -1 where it is not there yet. */
function endOfRecord(bytes: Buffer, start: number): number {
  let from = start;
  let quotes = 0;
  for (let end = bytes.indexOf(LF, start); end >= 0; end = bytes.indexOf(LF, from)) {
    for (let at = bytes.indexOf(QUOTE, from); at >= 0 && at < end; at = bytes.indexOf(QUOTE, at + 1))
      quotes += 1;
    if (quotes % 2 === 0) return end + 1;
    from = end + 1;
  }
  return -1;
}

function fieldsOf(line: string): (string | null)[] {
  if (!line.includes('"')) return line.split(',').map((field) => (field === '' ? null : field));
  // With a comma before the first field, too, no match is empty: after an empty one the search would skip a
  // comma.
  return [...`,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    quoted === undefined ? plain || null : quoted.replaceAll('""', '"'),
  );
}
