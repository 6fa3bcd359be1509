const ZERO = 0x30;

/** How many digits the whole number has. */
export function digitsOf(number: number): number {
  let digits = 1;
  for (let limit = 10; number >= limit; limit *= 10) digits++;
  return digits;
}

/** Writes a whole number from 0 on in decimal, and answers with where it ends. */
export function writeDigits(to: Buffer, at: number, number: number): number {
  const end = at + digitsOf(number);
  for (let rest = number, i = end - 1; i >= at; i--) {
    to[i] = ZERO + (rest % 10);
    rest = Math.trunc(rest / 10);
  }
  return end;
}
