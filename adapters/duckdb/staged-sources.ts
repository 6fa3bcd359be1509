import { writeFile } from 'node:fs/promises';
import type { RecordBatch } from '../../core/contracts.ts';
import { memoryOf } from '../../core/copy-bytes.ts';
import { literal } from '../../core/sql.ts';
import { exactly } from './relations.ts';

/** A row: partition and file as 32-bit integers, offset, line as a double. */
const ROW_BYTES = 24;
const PAGE_BYTES = 4096 * ROW_BYTES;

/**
 * Where the records of a batch come from. Most batches never need it, so that it is kept in few bytes a
 * record and without objects, which the garbage collector would have to follow.
 */
export class StagedSources {
  readonly #pages: DataView[] = [];
  readonly #files = new Map<string, number>();
  #free = 0;

  add({ partition, offsets, sources }: RecordBatch): void {
    const { files = [], lines = [] } = sources ?? {};
    let [file, number]: [string | null, number] = [null, 0];
    for (let i = 0; i < files.length; i += 1) {
      const other = files[i] ?? null;
      if (other === null) continue;
      if (other !== file) [file, number] = [other, this.#numberOf(other)];
      const page = this.#page();
      const at = PAGE_BYTES - this.#free;
      page.setInt32(at, partition);
      page.setUint32(at + 4, number);
      page.setBigInt64(at + 8, offsets[i] ?? 0n);
      page.setFloat64(at + 16, lines[i] ?? 0);
      this.#free -= ROW_BYTES;
    }
  }

  /**
   * Writes the rows to a file at `path`. The result reads them as an SQL relation (log_partition, log_offset,
   * source_file, source_line), a row for each record that is a line of a file.
   */
  async write(path: string): Promise<string> {
    await writeFile(path, this.#lines());
    return `(
  SELECT p AS log_partition, o AS log_offset, decode(from_base64(file)) AS source_file, line AS source_line
  FROM read_csv(${literal(exactly(path))}, delim = '\t', quote = '', escape = '', header = false, auto_detect = false,
    columns = {p: 'INTEGER', o: 'BIGINT', file: 'VARCHAR', line: 'BIGINT'})
)`;
  }

  *#lines(): Generator<string> {
    // A file's name may have any character.
    const names = [...this.#files.keys()].map((file) => Buffer.from(file).toString('base64'));
    for (const [i, page] of this.#pages.entries()) {
      const end = i === this.#pages.length - 1 ? PAGE_BYTES - this.#free : PAGE_BYTES;
      let lines = '';
      for (let at = 0; at < end; at += ROW_BYTES) {
        const name = names[page.getUint32(at + 4)];
        lines += `${page.getInt32(at)}\t${page.getBigInt64(at + 8)}\t${name}\t${page.getFloat64(at + 16)}\n`;
      }
      yield lines;
    }
  }

  /** The page that has a free row. */
  #page(): DataView {
    let page = this.#pages.at(-1);
    if (!page || this.#free === 0) {
      page = memoryOf(Buffer.allocUnsafeSlow(PAGE_BYTES));
      this.#pages.push(page);
      this.#free = PAGE_BYTES;
    }
    return page;
  }

  #numberOf(file: string): number {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    this.#files.set(file, this.#files.size);
    return this.#files.size - 1;
  }
}
