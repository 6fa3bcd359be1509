/** How many bytes a number takes that is zigzag coded already, as {@link writeVarint} writes it. */
export function varintBytes(zigzag: number): number {
  let bytes = 1;
  for (let rest = zigzag >>> 7; rest !== 0; rest >>>= 7) bytes++;
  return bytes;
}

/** Writes a number that is zigzag coded already, and answers with where it ends. */
export function writeVarint(to: Buffer, start: number, zigzag: number): number {
  let at = start;
  let rest = zigzag;
  for (; rest > 127; rest >>>= 7) to[at++] = (rest & 127) | 128;
  to[at++] = rest;
  return at;
}
