import { type FileHandle, open } from 'node:fs/promises';

const PIECE_BYTES = 1024 * 1024;
/** Buffers of files that were left: as many as were ever needed at once. */
const spare: Buffer[] = [];

/**
 * The bytes of a local file, for those that only look at them: a piece is good until the next one is asked
 * for. There are two buffers, so that the next piece is read while one is looked at, and no garbage is made.
 * A file that is open is read from where it stands, and closed in the end.
 */
export async function* filePieces(from: string | FileHandle): AsyncGenerator<Buffer> {
  const file = typeof from === 'string' ? await open(from) : from;
  let [piece, ahead] = [spareBuffer(), spareBuffer()];
  let reading = file.read(piece, 0, PIECE_BYTES);
  try {
    for (;;) {
      const { bytesRead } = await reading;
      if (bytesRead === 0) return;
      reading = file.read(ahead, 0, PIECE_BYTES);
      // Its failure is thrown where it is waited for.
      reading.catch(() => {});
      yield piece.subarray(0, bytesRead);
      [piece, ahead] = [ahead, piece];
    }
  } finally {
    await reading.catch(() => {});
    spare.push(piece, ahead);
    await file.close();
  }
}

function spareBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(PIECE_BYTES);
}
