import { Slices } from './slices.ts';

/** What one record carries into the log. `value` is at most 1,000,000 bytes. */
export interface OutgoingRecord {
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer;
  /** The line of the chunk's file on which it begins, where it is of a file: readers get both back. */
  readonly line?: number;
}

/** Records on their way into the log, in columns: record i has partition `partitions[i]` and so on. */
export class OutgoingRecords implements Iterable<OutgoingRecord> {
  readonly partitions: number[] = [];
  readonly keys = new Slices();
  readonly values = new Slices();
  /** 0 for a record that is no line of the chunk's file. */
  readonly lines: number[] = [];
  /** Bytes of the values. */
  bytes = 0;

  static of(records: Iterable<OutgoingRecord>): OutgoingRecords {
    const all = new OutgoingRecords();
    for (const { partition, key, value, line } of records) {
      all.keys.pushAll(key);
      all.values.pushAll(value);
      all.place(partition, line);
    }
    return all;
  }

  get length(): number {
    return this.partitions.length;
  }

  /** Completes the record whose key and value were put into `keys` and `values`. */
  place(partition: number, line = 0): void {
    this.bytes += this.values.bytesOf(this.length);
    this.partitions.push(partition);
    this.lines.push(line);
  }

  *[Symbol.iterator](): Generator<OutgoingRecord> {
    for (const [i, partition] of this.partitions.entries()) {
      const line = this.lines[i];
      const value = this.values.at(i) ?? Buffer.alloc(0);
      yield { partition, key: this.keys.at(i), value, ...(line ? { line } : {}) };
    }
  }
}
