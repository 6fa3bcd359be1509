import { type EventLog, partitionId } from '../../core/contracts.ts';
import type { Dataset, Live } from '../../core/dataset.ts';
import { type Cursor, cursorAt } from './cursor.ts';
import { type FilePosition, type OpenFiles, withLiveFiles } from './live-files.ts';
import { allOf, bytesOf, lastOf, type Place, placesAfter } from './live-places.ts';
import { type LiveRow, rowsFrom } from './live-rows.ts';
import { LiveWindows } from './live-windows.ts';
import { Throughput } from './throughput.ts';

/** Rows of the file, and the place after the last of them. */
export interface RowsPage {
  readonly rows: LiveRow[];
  readonly next: Cursor | null;
  /** Whether rows follow after these. */
  readonly more: boolean;
  /** The place that was asked for is in no file any more: the rows are the first that are left. */
  readonly gap: boolean;
}

/** How the readings come. */
export interface Arrival {
  /** Rows each second that reached the file over the last moments; null while it is not known. */
  readonly perSecond: number | null;
  /** Events of the log that are not in the file yet; null where the log or the position cannot be read. */
  readonly lagRows: number | null;
  /** How long the newest reading took from its measurement into the file. */
  readonly lagSeconds: number | null;
}

/** What is read at the start, and after a long time in which nobody looked, counted from the end. */
const CATCH_UP_BYTES = 64_000_000;
/** The newest rows that are held. */
export const NEWEST_ROWS = 1000;
/**
 * Clocks of other machines may be ahead by this; a reading of a later time would end all windows in the
 * future.
 */
const AHEAD_MS = 60_000;

/**
 * The readings of a dataset as its CSV export holds them. Each look reads only what the export has added
 * since the last one. In memory are the newest rows and the sums of the windows, regardless of the size of
 * the file.
 */
export class LiveReadings {
  readonly #dataset: Dataset;
  readonly #file: string;
  readonly #log: EventLog;
  readonly #emptyWindows: () => LiveWindows;
  #windows: LiveWindows;
  #newest: LiveRow[] = [];
  #rows = 0;
  #cursor: Cursor | null = null;
  #throughput = new Throughput();
  #arrival: Arrival = { perSecond: null, lagRows: null, lagSeconds: null };
  #look: Promise<void> | null = null;

  /** `by` are the columns to group by, `values` those to add up. */
  constructor(dataset: Dataset, { by, values }: Live, file: string, log: EventLog) {
    this.#dataset = dataset;
    this.#file = file;
    this.#log = log;
    this.#emptyWindows = () => new LiveWindows(by, values);
    this.#windows = this.#emptyWindows();
  }

  /**
   * Reads what is new; the state is as of the last look. Requests that come while one is under way share it.
   */
  look(): Promise<void> {
    this.#look ??= withLiveFiles(this.#file, (open) => this.#readNew(open))
      .catch((error) => {
        // Some of its rows may have been added: read from the end again.
        this.#cursor = null;
        throw error;
      })
      .finally(() => {
        this.#look = null;
      });
    return this.#look;
  }

  get windows(): LiveWindows {
    return this.#windows;
  }

  get arrival(): Arrival {
    return this.#arrival;
  }

  /** The newest rows, in the order of the file. */
  newest(limit: number): RowsPage {
    return { rows: limit > 0 ? this.#newest.slice(-limit) : [], next: this.#cursor, more: false, gap: false };
  }

  /** The rows after a place; from the first that is left where it is null. */
  async after(cursor: Cursor | null, limit: number): Promise<RowsPage> {
    return withLiveFiles(this.#file, async ({ files }) => {
      const found = cursor && (await placesAfter(files, cursor));
      const places = found ?? allOf(files);
      const rows: LiveRow[] = [];
      let reached: Place | undefined;
      for (const { file, offset } of places) {
        if (rows.length === limit) break;
        reached = { file, offset };
        for await (const chunk of rowsFrom(this.#dataset, file, offset)) {
          const taken = chunk.slice(0, limit - rows.length);
          rows.push(...taken.map(({ row }) => row));
          reached = { file, offset: taken.at(-1)?.end ?? reached.offset };
          if (rows.length === limit) break;
        }
      }
      if (!reached) return { rows, next: cursor, more: false, gap: false };
      const { file, offset } = reached;
      return {
        rows,
        next: await cursorAt(file.handle, file.inode, offset),
        more: rows.length === limit && (file !== files[0] || offset < file.valid),
        gap: cursor !== null && found === null,
      };
    });
  }

  async #readNew({ files, position, writtenAt }: OpenFiles): Promise<void> {
    let places = this.#cursor && (await placesAfter(files, this.#cursor));
    if (places === null || bytesOf(places) > CATCH_UP_BYTES) {
      this.#windows = this.#emptyWindows();
      this.#newest = [];
      this.#rows = 0;
      this.#throughput = new Throughput();
      places = await lastOf(files, CATCH_UP_BYTES);
    }
    for (const { file, offset } of places) {
      let end = offset;
      for await (const chunk of rowsFrom(this.#dataset, file, offset)) {
        for (const { row } of chunk) this.#add(row);
        end = chunk.at(-1)?.end ?? end;
      }
      this.#cursor = await cursorAt(file.handle, file.inode, end);
    }
    const { newest } = this.#windows;
    this.#arrival = {
      perSecond: this.#throughput.perSecond(this.#rows),
      lagRows: await lagRows(this.#log, position),
      lagSeconds: newest === null || writtenAt === null ? null : Math.max(0, (writtenAt - newest) / 1000),
    };
  }

  #add(row: LiveRow): void {
    this.#rows += 1;
    this.#newest.push(row);
    if (this.#newest.length >= 2 * NEWEST_ROWS) this.#newest = this.#newest.slice(-NEWEST_ROWS);
    const at = Date.parse(String(row[this.#dataset.time]));
    if (at <= Date.now() + AHEAD_MS) this.#windows.add(at, row);
  }
}

/**
 * Events of the log that are not in the file yet. A log that is away does not keep anybody from the readings.
 */
async function lagRows(log: EventLog, position: FilePosition | null): Promise<number | null> {
  if (position === null) return null;
  const ranges = await log.ranges().catch(() => null);
  if (ranges === null) return null;
  return ranges
    .filter(({ stream }) => stream === 'events')
    .map((range) => ({ ...range, next: BigInt(position.next[partitionId(range)] ?? range.start) }))
    .reduce((sum, { next, end }) => sum + Math.max(0, Number(end - next)), 0);
}
