import type { Catalogue } from './catalogue.ts';
import type { Slice } from './plan.ts';
import { mix32, type Random } from './random.ts';
import type { Shape } from './shape.ts';
import type { SliceEvents } from './visits.ts';

/**
 * Longest line that {@link SliceLines.write} makes: time 24, type and product under 500, user 20, session 37.
 */
export const LONGEST_LINE = 1024;

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789', 'latin1');
const HEX = Buffer.from('0123456789abcdef', 'latin1');
const BILLION = 1_000_000_000;
const ZERO = 48;
const COMMA = 44;
const LINE_FEED = 10;

/** Writes `value` in `width` decimal digits. */
function writeDigits(out: Uint8Array, at: number, value: number, width: number): void {
  for (let i = at + width - 1; i >= at; i--) {
    const rest = Math.floor(value / 10);
    out[i] = ZERO + value - rest * 10;
    value = rest;
  }
}

/**
 * Writes ids of up to 19 digits, beyond what a number holds: `first` + user · `step` + something below
 * `step`.
 */
function userIdWriter(
  first: string,
  step: number,
  salt: number,
): (out: Uint8Array, at: number, user: number) => number {
  const high = Number(BigInt(first) / BigInt(BILLION));
  const low = Number(BigInt(first) % BigInt(BILLION));
  return (out, at, user) => {
    const sum = low + user * step + (mix32(user ^ salt) % step);
    const carry = Math.floor(sum / BILLION);
    const top = high + carry;
    let width = 1;
    for (let ten = 10; ten <= top; ten *= 10) width++;
    if (top === 0) {
      const text = String(sum);
      writeDigits(out, at, sum, text.length);
      return at + text.length;
    }
    writeDigits(out, at, top, width);
    writeDigits(out, at + width, sum - carry * BILLION, 9);
    return at + width + 9;
  };
}

/** Ten letters and digits, about 59 bits: two 32-bit draws give five each. */
function writeToken(out: Uint8Array, at: number, random: Random): number {
  for (let half = 0; half < 2; half++) {
    let value = random.below(916_132_832);
    for (let i = 0; i < 5; i++) {
      const rest = Math.floor(value / 62);
      out[at++] = ALPHABET[value - rest * 62] as number;
      value = rest;
    }
  }
  return at;
}

/** A random UUID (RFC 9562, version 4) of 36 characters. */
function writeUuid(out: Uint8Array, at: number, random: Random): number {
  for (let i = 0; i < 32; i++) {
    if (i === 8 || i === 12 || i === 16 || i === 20) out[at++] = 45;
    const digit = random.below(16);
    out[at++] = HEX[i === 12 ? 4 : i === 16 ? 8 + (digit & 3) : digit] as number;
  }
  return at;
}

/** Turns the events of slices into lines of the file. */
export class Lines {
  readonly #shape: Shape;
  readonly #catalogue: Catalogue;
  readonly #random: Random;
  readonly #writeUserId: ReturnType<typeof userIdWriter>;
  /** What follows the time of day, by step: ` UTC,view,`. */
  readonly #types: readonly Buffer[];

  constructor(shape: Shape, catalogue: Catalogue, random: Random) {
    this.#shape = shape;
    this.#catalogue = catalogue;
    this.#random = random;
    this.#writeUserId = userIdWriter(shape.users.firstId, shape.users.idStep, random.next());
    this.#types = shape.steps.map((step) => Buffer.from(` UTC,${step.type},`, 'latin1'));
  }

  /** The first record of the file. */
  header(): string {
    const c = this.#shape.columns;
    return `${[c.time, c.type, c.product, c.category, c.categoryCode, c.brand, c.price, c.user, c.session].join(',')}\n`;
  }

  /** Call it with every slice, in order: a session's id is made here. */
  ofSlice(slice: Slice, events: SliceEvents): SliceLines {
    const sessions = events.userOfSession.length;
    const ends = new Uint8Array(sessions * 64);
    const starts = new Uint32Array(sessions + 1);
    let at = 0;
    for (let s = 0; s < sessions; s++) {
      starts[s] = at;
      at = this.#writeUserId(ends, at, events.userOfSession[s] as number);
      ends[at++] = COMMA;
      if (events.sessionHasId[s])
        at = this.#random.chance(this.#shape.sessions.uuidShare)
          ? writeUuid(ends, at, this.#random)
          : writeToken(ends, at, this.#random);
      ends[at++] = LINE_FEED;
    }
    starts[sessions] = at;
    return new SliceLines(slice, events, this.#types, this.#catalogue, { bytes: ends, starts });
  }
}

/** The lines of one slice. */
export class SliceLines {
  readonly #date: Buffer;
  readonly #firstSecond: number;
  readonly #events: SliceEvents;
  readonly #types: readonly Buffer[];
  readonly #products: Catalogue;
  /** The parts after the price, `user,session` and a line feed, by session. */
  readonly #ends: Catalogue;

  constructor(
    slice: Slice,
    events: SliceEvents,
    types: readonly Buffer[],
    products: Catalogue,
    ends: Catalogue,
  ) {
    this.#date = Buffer.from(`${new Date(slice.start * 1000).toISOString().slice(0, 10)} `, 'latin1');
    this.#firstSecond = slice.start % 86_400;
    this.#events = events;
    this.#types = types;
    this.#products = products;
    this.#ends = ends;
  }

  /** Writes event `e` with its line feed, at most {@link LONGEST_LINE} bytes; returns where it ends. */
  write(out: Uint8Array, at: number, e: number): number {
    const { second, step, product, session } = this.#events;
    at = copy(this.#date, 0, this.#date.length, out, at);
    const time = this.#firstSecond + (second[e] as number);
    const minutes = Math.floor(time / 60);
    const hours = Math.floor(minutes / 60);
    writeDigits(out, at, hours, 2);
    out[at + 2] = 58;
    writeDigits(out, at + 3, minutes - hours * 60, 2);
    out[at + 5] = 58;
    writeDigits(out, at + 6, time - minutes * 60, 2);
    const type = this.#types[step[e] as number] as Buffer;
    at = copy(type, 0, type.length, out, at + 8);
    const p = product[e] as number;
    at = copy(
      this.#products.bytes,
      this.#products.starts[p] as number,
      this.#products.starts[p + 1] as number,
      out,
      at,
    );
    const s = session[e] as number;
    return copy(
      this.#ends.bytes,
      this.#ends.starts[s] as number,
      this.#ends.starts[s + 1] as number,
      out,
      at,
    );
  }
}

/** For a few dozen bytes a loop is quicker than a call of `set` or `copy`. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): number {
  for (let i = start; i < end; i++) to[at++] = from[i] as number;
  return at;
}
