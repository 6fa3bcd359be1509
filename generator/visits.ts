import type { Plan, Slice } from './plan.ts';
import { mix32, type Random, WeightedChoice } from './random.ts';
import type { Shape } from './shape.ts';

/** The distinct events of one slice in order of time, one entry an event in each of the first four arrays. */
export interface SliceEvents {
  readonly count: number;
  /** Seconds since the slice's start. */
  readonly second: Uint32Array;
  readonly step: Uint8Array;
  readonly product: Uint32Array;
  readonly session: Uint32Array;
  /** Index of the user of each session. */
  readonly userOfSession: Float64Array;
  /** Whether the session's rows name it. */
  readonly sessionHasId: Uint8Array;
}

/**
 * Makes the customers' sessions, slice by slice and in memory for one slice only.
 *
 * A session looks at one or more products, and some looks continue through the later steps; some customers
 * continue much more often than others. Choices are made in proportion to what remains to be chosen
 * (selection sampling, Knuth's algorithm S), so all counts come out exactly as planned: also that every user
 * and every product occurs. Users who come again, and products, are drawn with a skew, so that a few have
 * many events.
 */
export class Visits {
  readonly #shape: Shape;
  readonly #random: Random;
  readonly #views: WeightedChoice;
  readonly #viewCounts: readonly number[];
  readonly #products: number;
  readonly #buyers: number;
  #users = 0;
  #usersLeft: number;
  #sessionsLeft: number;
  #newProduct = 0;
  #viewsLeft: number;

  constructor(shape: Shape, plan: Plan, random: Random) {
    this.#shape = shape;
    this.#random = random;
    const views = Object.entries(shape.sessions.views);
    this.#viewCounts = views.map(([count]) => Number(count));
    this.#views = new WeightedChoice(views.map(([, weight]) => weight));
    this.#products = plan.products;
    this.#buyers = random.next();
    this.#usersLeft = plan.users;
    this.#sessionsLeft = plan.sessions;
    this.#viewsLeft = plan.events[0] ?? 0;
  }

  /** Call it with every slice of the plan, in order. */
  next(slice: Slice): SliceEvents {
    const random = this.#random;
    const { overlapShare, longestPause } = this.#shape.sessions;
    const steps = slice.events.length;
    const left = [...slice.events];
    const total = left.reduce((sum, count) => sum + count, 0);
    const views = this.#viewsOfSessions(slice);
    const hours = new WeightedChoice(slice.hours);

    const second = new Uint32Array(total);
    const step = new Uint8Array(total);
    const product = new Uint32Array(total);
    const session = new Uint32Array(total);
    const userOfSession = new Float64Array(slice.sessions);
    const sessionHasId = new Uint8Array(slice.sessions);
    let count = 0;
    let begin = 0;
    for (let s = 0; s < slice.sessions; s++) {
      const size = views[s] as number;
      const withoutId = s < slice.withoutId;
      const isNew = random.below(this.#sessionsLeft) < this.#usersLeft || (withoutId && this.#usersLeft > 0);
      this.#sessionsLeft--;
      const overlaps = !isNew && s > 0 && random.chance(overlapShare);
      if (isNew) {
        this.#usersLeft--;
        userOfSession[s] = this.#users++;
      } else userOfSession[s] = overlaps ? (userOfSession[s - 1] as number) : random.skewedBelow(this.#users);
      // Rows without a session differ by their user alone, so that no two can be equal by chance.
      sessionHasId[s] = withoutId && isNew ? 0 : 1;

      const keenness = this.#keennessOf(userOfSession[s] as number);
      const first = count;
      const pause = Math.max(1, Math.min(longestPause, Math.floor((slice.seconds - 1) / (size * steps))));
      let at = 0;
      for (let v = 0; v < size; v++) {
        const viewed = this.#chooseProduct(v > 0 ? (product[count - 1] as number) : -1);
        for (let k = 0; k < steps; k++) {
          if (
            k > 0 &&
            (withoutId ||
              !this.#goesOn((left[k - 1] as number) + 1, left[k] as number, k === 1 ? keenness : 1))
          )
            break;
          left[k] = (left[k] as number) - 1;
          if (count > first) at += 1 + random.skewedBelow(pause);
          second[count] = at;
          step[count] = k;
          product[count] = viewed;
          session[count] = s;
          count++;
        }
      }
      if (overlaps) begin += 1 + random.below(longestPause);
      else begin = this.#secondOfDay(hours, slice) - (slice.start % 86_400);
      begin = Math.max(0, Math.min(begin, slice.seconds - 1 - at));
      for (let e = first; e < count; e++) second[e] = (second[e] as number) + begin;
    }
    const columns = inTimeOrder(slice.seconds, count, second, step, product, session);
    const { from, to } = this.#shape.range;
    if (slice.start === from) columns.second[0] = 0;
    if (slice.start + slice.seconds - 1 === to) columns.second[count - 1] = slice.seconds - 1;
    return { count, ...columns, userOfSession, sessionHasId };
  }

  /**
   * How many products each session looks at: drawn from the shape's weights, then evened out until they add
   * up.
   */
  #viewsOfSessions(slice: Slice): Uint16Array {
    const random = this.#random;
    const sizes = new Uint16Array(slice.sessions).fill(1);
    const { withoutId } = slice;
    const most = Math.max(1, Math.floor((slice.seconds - 1) / slice.events.length));
    let sum = withoutId;
    for (let s = withoutId; s < sizes.length; s++) {
      const size = Math.min(this.#viewCounts[this.#views.draw(random)] ?? 1, most);
      sizes[s] = size;
      sum += size;
    }
    for (const wanted = slice.events[0] ?? 0; sum !== wanted; ) {
      const s = withoutId + random.below(sizes.length - withoutId);
      const size = sizes[s] as number;
      const change = sum < wanted ? 1 : -1;
      if (size + change < 1 || size + change > most) continue;
      sizes[s] = size + change;
      sum += change;
    }
    return sizes;
  }

  /** How much likelier than the average customer this one takes the step after the first. */
  #keennessOf(user: number): number {
    const { buyerShare, buyerFactor } = this.#shape.users;
    const average = buyerShare * buyerFactor + (1 - buyerShare);
    return (mix32(user ^ this.#buyers) < buyerShare * 0x1_0000_0000 ? buyerFactor : 1) / average;
  }

  /**
   * Whether one of `open` events is followed by one of the `wanted` events of the next step that are left; in
   * the end all are.
   */
  #goesOn(open: number, wanted: number, keenness: number): boolean {
    return wanted >= open || this.#random.below(open) < wanted * keenness;
  }

  /**
   * The next product looked at: one that has not had its turn yet, `previous` again (none: -1), or a popular
   * one.
   */
  #chooseProduct(previous: number): number {
    const random = this.#random;
    const turn = random.below(this.#viewsLeft--) < this.#products - this.#newProduct;
    if (turn) return this.#newProduct++;
    if (previous >= 0 && random.chance(this.#shape.products.viewedAgainShare)) return previous;
    return random.skewedBelow(this.#products);
  }

  #secondOfDay(hours: WeightedChoice, slice: Slice): number {
    const hour = hours.draw(this.#random);
    const from = slice.start % 86_400;
    const low = Math.max(from, hour * 3600);
    const high = Math.min(from + slice.seconds, hour * 3600 + 3600);
    return low + this.#random.below(high - low);
  }
}

type Columns = Pick<SliceEvents, 'second' | 'step' | 'product' | 'session'>;

/** Stable counting sort by second. */
function inTimeOrder(
  seconds: number,
  count: number,
  second: Uint32Array,
  step: Uint8Array,
  product: Uint32Array,
  session: Uint32Array,
): Columns {
  const next = new Uint32Array(seconds + 1);
  for (let e = 0; e < count; e++) {
    const after = (second[e] as number) + 1;
    next[after] = (next[after] as number) + 1;
  }
  for (let s = 1; s <= seconds; s++) next[s] = (next[s] as number) + (next[s - 1] as number);
  const sorted = {
    second: new Uint32Array(count),
    step: new Uint8Array(count),
    product: new Uint32Array(count),
    session: new Uint32Array(count),
  };
  for (let e = 0; e < count; e++) {
    const from = second[e] as number;
    const to = next[from] as number;
    next[from] = to + 1;
    sorted.second[to] = from;
    sorted.step[to] = step[e] as number;
    sorted.product[to] = product[e] as number;
    sorted.session[to] = session[e] as number;
  }
  return sorted;
}
