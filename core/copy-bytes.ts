const WORD = 4;
/** Sean Eron Anderson, Bit Twiddling Hacks: "Determine if a word has a byte less than n". */
const [SPACES, HIGHEST_BITS] = [0x20202020, 0x80808080];

/**
 * Copies the bytes from `begin` up to, not including, `end` to `at` in the target, four at a time: for fewer
 * than some hundred bytes this is faster than any call that copies. True when one of them is a control
 * character, which is below 0x20.
 */
export function copyBytes(
  source: DataView,
  begin: number,
  end: number,
  target: DataView,
  at: number,
): boolean {
  let found = 0;
  if (end - begin < WORD) {
    for (let from = begin, to = at; from < end; from += 1, to += 1) {
      const byte = source.getUint8(from);
      target.setUint8(to, byte);
      if (byte < 0x20) found = HIGHEST_BITS;
    }
    return found !== 0;
  }
  const last = end - WORD;
  for (let from = begin, to = at; from < last; from += WORD, to += WORD) {
    const word = source.getInt32(from);
    target.setInt32(to, word);
    found |= (word - SPACES) & ~word;
  }
  // The last word may have bytes of the one before.
  const word = source.getInt32(last);
  target.setInt32(at + last - begin, word);
  found |= (word - SPACES) & ~word;
  return (found & HIGHEST_BITS) !== 0;
}

/** All that the buffer's memory has, of which the buffer is a part: it stays the same for its neighbours. */
export function memoryOf({ buffer }: Buffer): DataView {
  return new DataView(buffer);
}

/** The text's bytes in UTF-8. */
export function textBytes(text: string): DataView {
  const { buffer, byteOffset, length } = Buffer.from(text);
  return new DataView(buffer, byteOffset, length);
}
