import type { Hash } from 'node:crypto';
import type { Chunk, LedgerEntry, OutgoingRecord } from '../core/contracts.ts';
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
  events: OutgoingRecord[] = [];
  deadLetters: OutgoingRecord[] = [];
  /** Bytes of the values gathered so far. */
  size = 0;
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

  add(group: RecordGroup, index: number): void {
    const row = group.rows[index];
    const line = group.lines[index] ?? 0;
    if (row === undefined) return;
    if (row && 'reason' in row) {
      const value = this.#deadLetter(row, line);
      this.size += value.length;
      this.deadLetters.push({ partition: 0, key: null, value });
    } else {
      const { encoder, partitions } = this.#options;
      const { key, value } = encoder.encode(group, index);
      this.size += value.length;
      // A keyless event will be rejected; the line number spreads them evenly and repeatably.
      this.events.push({
        partition: key ? partitionFor(key, partitions) : line % partitions,
        key,
        value,
        line,
      });
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
    this.events = [];
    this.deadLetters = [];
    this.size = 0;
    return { events, deadLetters, progress };
  }

  #advance(group: RecordGroup, end: number): void {
    const bytes = group.bytes.subarray(this.#hashed, end);
    this.#options.hash.update(bytes);
    for (let at = bytes.indexOf(LF); at >= 0; at = bytes.indexOf(LF, at + 1)) this.lines += 1;
    this.bytes += end - this.#hashed;
    this.#hashed = end;
  }

  #deadLetter({ reason, detail, raw }: DeadLine, line: number): Buffer {
    const { file } = this.#options;
    return Buffer.from(JSON.stringify({ file, line, reason, detail, raw: raw.toString('base64') }));
  }
}
