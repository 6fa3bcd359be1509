/** Throughput is measured over this time. */
const WINDOW_MS = 10_000;

/** How many rows come each second, by how many there were at the last moments. */
export class Throughput {
  #samples: { at: number; rows: number }[] = [];

  /**
   * Rows each second, now that there are `rows`; null while it is not known. Fewer rows than before are those
   * of another table or file.
   */
  perSecond(rows: number): number | null {
    const now = Date.now();
    const last = this.#samples.at(-1);
    if (last && rows < last.rows) this.#samples = [];
    this.#samples.push({ at: now, rows });
    // One sample from before the window stays, so that the window is covered.
    while ((this.#samples[1]?.at ?? now) < now - WINDOW_MS) this.#samples.shift();
    const first = this.#samples[0];
    if (!first || now === first.at) return null;
    return (1000 * (rows - first.rows)) / (now - first.at);
  }
}
