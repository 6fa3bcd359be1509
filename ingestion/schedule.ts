/** Rows that are overdue by more than this are left out. */
const MOST_OVERDUE_S = 10;

/**
 * When the rows of a steady rate are due. Times are milliseconds of one monotonic clock; row 0 is the first
 * that was not taken yet.
 */
export class Schedule {
  readonly #rate: number;
  /** When the row that was the first of all is due, and how many were taken since. */
  #began: number;
  #taken = 0;

  /** @param rate rows a second; the first is due at `now` */
  constructor(rate: number, now: number) {
    this.#rate = rate;
    this.#began = now;
  }

  /** When the row `i` is due. */
  dueTime(i: number): number {
    return this.#began + ((this.#taken + i) * 1000) / this.#rate;
  }

  get nextDue(): number {
    return this.dueTime(0);
  }

  /** How many rows are due. */
  due(now: number): number {
    return Math.max(0, Math.floor(((now - this.#began) * this.#rate) / 1000) + 1 - this.#taken);
  }

  /** Leaves out the rows that are overdue for too long; answers how many. */
  leaveOut(now: number): number {
    const most = Math.ceil(MOST_OVERDUE_S * this.#rate) + 1;
    const rows = Math.max(0, this.due(now) - most);
    this.#began += (rows * 1000) / this.#rate;
    return rows;
  }

  /** The first `rows` rows are done. */
  take(rows: number): void {
    this.#taken += rows;
  }
}
