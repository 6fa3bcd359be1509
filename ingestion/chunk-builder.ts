import type { Hash } from 'node:crypto';
import type { Chunk, LedgerEntry } from '../core/contracts.ts';
import { OutgoingRecords } from '../core/outgoing-records.ts';
import type { Slices } from '../core/slices.ts';
import type { EventEncoder } from './events.ts';
import { partitionFor } from './partitioner.ts';
import type { DeadLine, RecordGroup } from './record-group.ts';

const LF = 0x0a;

interface BuilderOptions {
  /** Where in the file the first row to come begins, and how many line feeds are before it. */
  readonly bytes: number;
  readonly lines: number;
  /** Over the bytes before `bytes`. */
  readonly hash: Hash;
  readonly encoder: EventEncoder;
  readonly partitions: number;
  readonly file: string;
}

/** Some 100 bytes each, so that an entry stays far below the size of the largest message. */
const STATES_KEPT = 5000;

/**
 * What the next entry remembers: a file that was complete and has grown was complete at its former length,
 * too.
 */
function earlierStates(previous: LedgerEntry, bytes: number): Pick<LedgerEntry, 'earlier'> {
  const { earlier = [], complete, sha256, lines, rows } = previous;
  const grown = complete && bytes > previous.bytes;
  const states = grown ? [...earlier, { bytes: previous.bytes, sha256, lines, rows }] : earlier;
  return states.length === 0 ? {} : { earlier: states.slice(-STATES_KEPT) };
}

/** Gathers the rows of the next chunk, and knows where in the file they end. */
export class ChunkBuilder {
  events = new OutgoingRecords();
  deadLetters = new OutgoingRecords();
  bytes: number;
  lines: number;
  readonly #options: BuilderOptions;
  /** Bytes of the group at hand that are already hashed. */
  #hashed = 0;
  #pending: { group: RecordGroup; end: number } | null = null;

  constructor(options: BuilderOptions) {
    this.#options = options;
    this.bytes = options.bytes;
    this.lines = options.lines;
  }

  get rows(): number {
    return this.events.length + this.deadLetters.length;
  }

  /** Bytes of the values gathered so far. */
  get size(): number {
    return this.events.bytes + this.deadLetters.bytes;
  }

  add(group: RecordGroup, index: number): void {
    const row = group.rows[index];
    const line = group.lines[index] ?? 0;
    if (row === undefined) return;
    if (row && 'reason' in row) {
      this.deadLetters.keys.pushNull();
      this.deadLetters.values.pushText(this.#deadLetter(row, line));
      this.deadLetters.place(0);
    } else {
      const { events } = this;
      this.#options.encoder.encode(group, index, events);
      events.place(this.#partitionOf(events.keys, events.length, line), line);
    }
    this.#pending = { group, end: group.ends[index] ?? 0 };
  }

  endOf(group: RecordGroup): void {
    this.#advance(group, group.bytes.length);
    this.#pending = null;
    this.#hashed = 0;
  }

  /**
   * The rows gathered so far with the ledger entry that they lead to, and an empty chunk for what follows.
   */
  take(previous: LedgerEntry, complete: boolean): Chunk {
    if (this.#pending) this.#advance(this.#pending.group, this.#pending.end);
    const { events, deadLetters } = this;
    const progress: LedgerEntry = {
      ...previous,
      file: this.#options.file,
      bytes: this.bytes,
      sha256: this.#options.hash.copy().digest('hex'),
      lines: this.lines,
      rows: previous.rows + this.rows,
      events: previous.events + events.length,
      deadLetters: previous.deadLetters + deadLetters.length,
      complete,
      updatedAt: new Date().toISOString(),
      ...earlierStates(previous, this.bytes),
    };
    this.events = new OutgoingRecords();
    this.deadLetters = new OutgoingRecords();
    return { events, deadLetters, progress };
  }

  #advance(group: RecordGroup, end: number): void {
    const bytes = group.bytes.subarray(this.#hashed, end);
    this.#options.hash.update(bytes);
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) this.lines += 1;
    this.bytes += end - this.#hashed;
    this.#hashed = end;
  }

  #partitionOf({ buffers, begins, ends }: Slices, i: number, line: number): number {
    const { partitions } = this.#options;
    const [key, begin = -1, end = -1] = [buffers[i], begins[i], ends[i]];
    // A keyless event will be rejected; the line number spreads them evenly and repeatably.
    return key && begin >= 0 ? partitionFor(key, partitions, begin, end) : line % partitions;
  }

  #deadLetter({ reason, detail, raw }: DeadLine, line: number): string {
    const { file } = this.#options;
    return JSON.stringify({ file, line, reason, detail, raw: raw.toString('base64') });
  }
}
