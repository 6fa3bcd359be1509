import { permutation, type Random } from './random.ts';
import type { Shape } from './shape.ts';

/** One way in which a line can be bad, or awkward though right. */
export interface DirtyKind {
  /**
   * `<reason>/<variant>`, the reason being the one of the rules for bad data that turns the line away
   * (`price:not_a_number/comma`), or `valid/<variant>` for a line that must pass.
   */
  readonly name: string;
  /**
   * The record that takes the place of the clean one with these fields, with its line ending and anything
   * before it.
   */
  readonly record: (fields: readonly string[]) => Buffer;
}

/** Longer than the 131,072 bytes that a line may have. */
const TOO_LONG = 131_200;

/** Places of the fields in a line; the header is written in this order. */
const [TIME, TYPE, PRODUCT, CATEGORY, , BRAND, PRICE, USER] = [0, 1, 2, 3, 4, 5, 6, 7];

type Change = (fields: readonly string[]) => string | Buffer;

const set =
  (place: number, value: string): Change =>
  (fields) =>
    `${fields.with(place, value).join(',')}\n`;

/** Puts bytes, written as Latin-1 text, into the brand as they are. */
const setBytes =
  (value: string): Change =>
  (fields) =>
    Buffer.from(`${fields.with(BRAND, value).join(',')}\n`, 'latin1');

/**
 * Everything that is rejected. A quote that opens a field is always followed by a letter or digit: where an
 * earlier quote was left open, it reads as a closing quote with text after it, so the open one can never
 * become a valid field by chance.
 */
function badChanges({ columns: c }: Shape): Record<string, Change> {
  return {
    'line:wrong_field_count/fewer': (fields) => `${fields.slice(0, -1).join(',')}\n`,
    'line:wrong_field_count/more': (fields) => `${fields.join(',')},more\n`,
    'line:broken_quote/unclosed': set(BRAND, '"acme'),
    'line:broken_quote/stray': set(BRAND, '15"tv'),
    'line:broken_quote/text_after': set(BRAND, '"acme"inc'),
    'line:invalid_utf8/latin1': setBytes('caf\xe9'),
    'line:invalid_utf8/overlong': setBytes('a\xc1\xa1b'),
    'line:invalid_utf8/surrogate': setBytes('a\xed\xa0\x80b'),
    'line:too_long/field': set(BRAND, 'x'.repeat(TOO_LONG)),
    [`${c.time}:missing/empty`]: set(TIME, ''),
    [`${c.time}:not_a_timestamp/impossible_date`]: set(TIME, '2021-02-30 11:57:06 UTC'),
    [`${c.time}:not_a_timestamp/impossible_time`]: set(TIME, '2021-02-20 25:57:06 UTC'),
    [`${c.time}:not_a_timestamp/format`]: set(TIME, '20.02.2021 11:57'),
    [`${c.type}:missing/empty`]: set(TYPE, ''),
    [`${c.type}:not_allowed/unknown`]: set(TYPE, 'wishlist'),
    [`${c.type}:not_allowed/spaces`]: (fields) => set(TYPE, ` ${fields[TYPE]}`)(fields),
    [`${c.product}:missing/empty`]: set(PRODUCT, ''),
    [`${c.product}:not_an_integer/fraction`]: set(PRODUCT, '1996170.5'),
    [`${c.category}:missing/empty`]: set(CATEGORY, ''),
    [`${c.category}:not_an_integer/exponent`]: set(CATEGORY, '2.14e18'),
    [`${c.category}:out_of_range/below`]: set(CATEGORY, '-9223372036854775809'),
    [`${c.price}:missing/empty`]: set(PRICE, ''),
    [`${c.price}:not_a_number/word`]: set(PRICE, 'free'),
    [`${c.price}:not_a_number/comma`]: set(PRICE, '"31,90"'),
    [`${c.price}:not_a_number/nan`]: set(PRICE, 'NaN'),
    [`${c.price}:too_precise/thousandths`]: set(PRICE, '31.905'),
    [`${c.price}:out_of_range/digits`]: set(PRICE, `${'9'.repeat(40)}.00`),
    [`${c.price}:below_minimum/negative`]: set(PRICE, '-5.00'),
    [`${c.user}:missing/empty`]: set(USER, ''),
    [`${c.user}:not_an_integer/word`]: set(USER, 'guest'),
    [`${c.user}:out_of_range/above`]: set(USER, '9223372036854775808'),
  };
}

const awkwardChanges: Record<string, Change> = {
  'valid/quoted_comma': set(BRAND, '"acme, inc"'),
  'valid/doubled_quote': set(BRAND, '"acme ""pro"""'),
  'valid/line_feed': set(BRAND, '"acme\nnew line"'),
  'valid/carriage_return': set(BRAND, '"acme\r\nnew line"'),
  'valid/all_quoted': (fields) => `${fields.map((field) => `"${field}"`).join(',')}\n`,
  'valid/non_ascii': set(BRAND, 'Škoda 品牌 🚲'),
  'valid/spaces': set(BRAND, ' acme '),
  'valid/trailing_zeros': (fields) => set(PRICE, `${fields[PRICE]}00`)(fields),
  'valid/crlf': (fields) => `${fields.join(',')}\r\n`,
  'valid/blank_line': (fields) => `\n\r\n${fields.join(',')}\n`,
};

function kinds(changes: Record<string, Change>): DirtyKind[] {
  return Object.entries(changes).map(([name, change]) => ({
    name,
    record: (fields) => {
      const record = change(fields);
      return typeof record === 'string' ? Buffer.from(record, 'utf8') : record;
    },
  }));
}

/** Deals kinds in turn, in a new order each round, so that all are equally frequent. */
class Rounds {
  readonly #kinds: readonly DirtyKind[];
  readonly #random: Random;
  #round: DirtyKind[] = [];

  constructor(kinds: readonly DirtyKind[], random: Random) {
    this.#kinds = kinds;
    this.#random = random;
  }

  next(): DirtyKind {
    if (this.#round.length === 0)
      this.#round = Array.from(
        permutation(this.#kinds.length, this.#random),
        (i) => this.#kinds[i] as DirtyKind,
      );
    return this.#round.pop() as DirtyKind;
  }
}

/**
 * Decides which of a file's rows are bad (`share` of them), which are awkward (a quarter as many on top), and
 * of which kind.
 *
 * A dirty line takes a row's place, so the number of rows stays; the two blank lines of `valid/blank_line`
 * come before a clean row and are not rows. From 1,000 rows on every kind occurs; lines that are too long
 * occur once, from 100,000 rows on twice.
 */
export class DirtyLines {
  readonly counts: Record<string, number> = {};
  readonly #random: Random;
  readonly #bad: Rounds;
  readonly #awkward: Rounds;
  #rowsLeft: number;
  #badLeft: number;
  #awkwardLeft: number;
  #tooLongLeft: number;

  constructor(shape: Shape, rows: number, share: number, random: Random) {
    const bad = kinds(badChanges(shape));
    const awkward = kinds(awkwardChanges);
    this.#random = random;
    this.#bad = new Rounds(bad, random);
    this.#awkward = new Rounds(awkward, random);
    this.#rowsLeft = rows;
    const all = share > 0 && rows >= 1000;
    this.#badLeft = Math.min(
      Math.max(Math.round(rows * share), all ? bad.length : 0),
      all ? rows - awkward.length : rows,
    );
    const quarter = Math.max(Math.round((rows * share) / 4), all ? awkward.length : 0);
    this.#awkwardLeft = Math.min(quarter, rows - this.#badLeft);
    this.#tooLongLeft = rows >= 100_000 ? 2 : 1;
    if (all) for (const kind of [...bad, ...awkward]) this.counts[kind.name] = 0;
  }

  /** The kind of the next row, or null for a clean one; call it once a row. */
  next(): DirtyKind | null {
    const place = this.#random.below(this.#rowsLeft--);
    let kind: DirtyKind;
    if (place < this.#badLeft) {
      this.#badLeft--;
      do kind = this.#bad.next();
      while (kind.name.startsWith('line:too_long') && this.#tooLongLeft-- <= 0);
    } else if (place < this.#badLeft + this.#awkwardLeft) {
      this.#awkwardLeft--;
      kind = this.#awkward.next();
    } else return null;
    this.counts[kind.name] = (this.counts[kind.name] ?? 0) + 1;
    return kind;
  }
}
