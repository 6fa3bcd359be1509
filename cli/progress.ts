import { note, notesAreText, thousands } from './output.ts';

const LINE_EVERY_MS = 5000;
const DRAW_EVERY_MS = 100;
const BAR = 24;

/** Shows how far a file has been read: a bar on a terminal, elsewhere a line every few seconds. */
export class Progress {
  readonly #totalBytes: number;
  readonly #began = Date.now();
  readonly #terminal = process.stderr.isTTY && notesAreText();
  #shown = 0;
  #drawn = false;

  /** `totalBytes` on disk. */
  constructor(totalBytes: number) {
    this.#totalBytes = totalBytes;
    if (!this.#terminal) this.#shown = Date.now();
  }

  show({ rows, bytesRead }: { rows: number; bytesRead: number }): void {
    const now = Date.now();
    if (now - this.#shown < (this.#terminal ? DRAW_EVERY_MS : LINE_EVERY_MS)) return;
    this.#shown = now;
    const seconds = Math.max(0.001, (now - this.#began) / 1000);
    const share = this.#totalBytes > 0 ? Math.min(1, bytesRead / this.#totalBytes) : 1;
    const left = share > 0 ? Math.round((seconds / share) * (1 - share)) : 0;
    const text = `${thousands(rows)} rows  ${thousands(Math.round(rows / seconds))} rows/s  ${Math.floor(share * 100)} %  ${left} s left`;
    if (!this.#terminal) {
      note(`ingest: ${text}`, 'info', { event: 'progress', hop: 'ingest', rows, share });
      return;
    }
    const full = Math.round(share * BAR);
    process.stderr.write(`\r\u001b[2K${'█'.repeat(full)}${'░'.repeat(BAR - full)}  ${text}`);
    this.#drawn = true;
  }

  /** Leaves the line to what comes next. */
  end(): void {
    if (this.#drawn) process.stderr.write('\r\u001b[2K');
  }
}
