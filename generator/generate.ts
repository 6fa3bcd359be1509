import { UsageError } from '../core/errors.ts';
import { makeCatalogue } from './catalogue.ts';
import { DirtyLines } from './dirty-lines.ts';
import { Lines, LONGEST_LINE } from './lines.ts';
import { writeFile } from './output.ts';
import { planRows } from './plan.ts';
import { Random } from './random.ts';
import type { Shape } from './shape.ts';
import { Visits } from './visits.ts';

export interface GenerateOptions {
  readonly shape: Shape;
  /** Rows of the file without its header, 1 to 1,000,000,000; dead letters count, blank lines do not. */
  readonly rows: number;
  /** Any integer from 0 to 2^53 - 1: the same seed gives the same bytes. */
  readonly seed: number;
  /** Share of bad rows, 0 to 1; see {@link DirtyLines}. The clean rows stay what they are without it. */
  readonly dirty?: number;
  /** The file to write; gzip if it ends in `.gz`. */
  readonly out: string;
  /** Called now and then with the rows made so far. */
  readonly onProgress?: (rows: number) => void;
}

export interface Generated {
  readonly rows: number;
  /** Size of the file. */
  readonly bytes: number;
  /** How many lines there are of each kind, named as in {@link DirtyKind}. */
  readonly dirtyLines: Record<string, number>;
}

const CHUNK = 1 << 20;

function check(holds: boolean, option: 'rows' | 'seed' | 'dirty', message: string): void {
  if (!holds) throw new UsageError(`generate:${option}`, `${option} must be ${message}`);
}

/** @throws UsageError `generate:rows`, `generate:seed`, `generate:dirty` for options out of range */
export function checkOptions({ rows, seed, dirty = 0 }: Omit<GenerateOptions, 'shape'>): void {
  check(
    Number.isInteger(rows) && rows >= 1 && rows <= 1_000_000_000,
    'rows',
    'an integer from 1 to 1000000000',
  );
  check(Number.isSafeInteger(seed) && seed >= 0, 'seed', 'an integer from 0 to 9007199254740991');
  check(dirty >= 0 && dirty <= 1, 'dirty', 'a number from 0 to 1');
}

/**
 * Makes a file of the given shape. It needs memory for the products and for one day's events, independent of
 * the number of rows.
 * @throws UsageError for options out of range; `generate:cannot_write`.
 */
export async function generate(options: GenerateOptions): Promise<Generated> {
  checkOptions(options);
  const { shape, rows, seed, dirty = 0, out, onProgress } = options;
  const plan = planRows(shape, rows, new Random(seed, 5));
  const catalogue = makeCatalogue(shape, plan, new Random(seed, 0));
  const visits = new Visits(shape, plan, new Random(seed, 1));
  const lines = new Lines(shape, catalogue, new Random(seed, 2));
  const copies = new Random(seed, 3);
  const dirtyLines = new DirtyLines(shape, rows, dirty, new Random(seed, 4));
  const eventsLeft = [...plan.events];
  const copiesLeft = [...plan.duplicates];
  let written = 0;

  function* chunks(): Generator<Buffer> {
    let buffer = Buffer.allocUnsafeSlow(CHUNK);
    let at = buffer.write(lines.header(), 'utf8');
    for (const slice of plan.slices) {
      const events = visits.next(slice);
      const sliceLines = lines.ofSlice(slice, events);
      for (let e = 0; e < events.count; e++) {
        const step = events.step[e] as number;
        const eventLeft = eventsLeft[step] as number;
        eventsLeft[step] = eventLeft - 1;
        const isCopied = copies.below(eventLeft) < (copiesLeft[step] as number);
        if (isCopied) copiesLeft[step] = (copiesLeft[step] as number) - 1;
        for (let i = isCopied ? 2 : 1; i > 0; i--) {
          if (at + LONGEST_LINE > CHUNK) {
            yield buffer.subarray(0, at);
            buffer = Buffer.allocUnsafeSlow(CHUNK);
            at = 0;
          }
          const end = sliceLines.write(buffer, at, e);
          const kind = dirty > 0 ? dirtyLines.next() : null;
          if (kind) {
            const record = kind.record(buffer.toString('latin1', at, end - 1).split(','));
            if (at + record.length > CHUNK) {
              yield buffer.subarray(0, at);
              buffer = Buffer.allocUnsafeSlow(CHUNK);
              at = 0;
            }
            at += record.copy(buffer, at);
          } else at = end;
          written++;
        }
      }
      onProgress?.(written);
    }
    yield buffer.subarray(0, at);
  }

  const bytes = await writeFile(out, chunks);
  return { rows: written, bytes, dirtyLines: dirtyLines.counts };
}
