/** A record longer than this many bytes is malformed: as JSON it must fit into one message of the log. */
export const MAX_RECORD_BYTES = 131_072;

/**
 * Small enough for what is made of a block to die young in the garbage collector, and for others in this
 * process to get their turn soon.
 */
const BLOCK_BYTES = 1 << 14;
const LF = 0x0a;

/**
 * Consecutive bytes of a file. A `lines` block holds whole physical lines (only the file's last may lack its
 * line feed). A line longer than {@link MAX_RECORD_BYTES} comes as `overlong` (its beginning), then
 * `overlong-rest` blocks, the last of which ends it.
 */
export interface Block {
  readonly kind: 'lines' | 'overlong' | 'overlong-rest';
  readonly bytes: Buffer;
  /** True for the file's last block. */
  readonly last: boolean;
}

/**
 * Cuts a stream of bytes into blocks at line feeds, in constant memory. An empty stream gives one empty last
 * block.
 */
export async function* toBlocks(stream: AsyncIterable<Buffer>): AsyncGenerator<Block> {
  let held: Buffer = Buffer.alloc(0);
  let inOverlong = false;
  for await (const bytes of stream) {
    let rest: Buffer = held.length > 0 ? Buffer.concat([held, bytes]) : bytes;
    if (inOverlong) {
      const end = rest.indexOf(LF);
      inOverlong = end < 0;
      const cut = inOverlong ? rest.length : end + 1;
      yield { kind: 'overlong-rest', bytes: rest.subarray(0, cut), last: false };
      rest = rest.subarray(cut);
    }
    const end = rest.lastIndexOf(LF) + 1;
    for (let start = 0; start < end; ) {
      const stop = end - start > BLOCK_BYTES ? rest.lastIndexOf(LF, start + BLOCK_BYTES) + 1 : end;
      const cut = stop > start ? stop : rest.indexOf(LF, start) + 1;
      yield* splitOverlong(rest.subarray(start, cut));
      start = cut;
    }
    held = rest.subarray(end);
    if (held.length > MAX_RECORD_BYTES) {
      yield { kind: 'overlong', bytes: held, last: false };
      held = Buffer.alloc(0);
      inOverlong = true;
    }
  }
  yield { kind: inOverlong ? 'overlong-rest' : 'lines', bytes: held, last: true };
}

/** A long line can also lie whole within what was read. */
function* splitOverlong(bytes: Buffer): Generator<Block> {
  let start = 0;
  let from = 0;
  if (bytes.length > MAX_RECORD_BYTES) {
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
      if (end - from > MAX_RECORD_BYTES) {
        if (from > start) yield { kind: 'lines', bytes: bytes.subarray(start, from), last: false };
        yield { kind: 'overlong', bytes: bytes.subarray(from, end), last: false };
        yield { kind: 'overlong-rest', bytes: bytes.subarray(end, end + 1), last: false };
        start = end + 1;
      }
      from = end + 1;
    }
  }
  if (start < bytes.length) yield { kind: 'lines', bytes: bytes.subarray(start), last: false };
}
