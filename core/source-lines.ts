/** A line of a file, counted from 1. */
export interface SourceLine {
  readonly file: string;
  readonly line: number;
}

/**
 * Where records come from, in columns: record i is line `lines[i]` of the file `files[i]`, which is null
 * where the record does not say.
 */
export class SourceLines implements Iterable<SourceLine | null> {
  readonly files: (string | null)[] = [];
  readonly lines: number[] = [];

  static of(sources: Iterable<SourceLine | null>): SourceLines {
    const all = new SourceLines();
    for (const source of sources) all.push(source);
    return all;
  }

  get length(): number {
    return this.lines.length;
  }

  push(source: SourceLine | null): void {
    this.add(source?.file ?? null, source?.line ?? 0);
  }

  add(file: string | null, line: number): void {
    this.files.push(file);
    this.lines.push(line);
  }

  /** Forgets those from number `length` on. */
  cut(length: number): void {
    this.files.length = length;
    this.lines.length = length;
  }

  *[Symbol.iterator](): Generator<SourceLine | null> {
    for (const [i, line] of this.lines.entries()) {
      const file = this.files[i];
      yield file == null ? null : { file, line };
    }
  }
}
