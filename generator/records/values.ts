import { UsageError } from '../../core/errors.ts';
import { type Random, WeightedChoice } from '../random.ts';
import type { ValueShape } from './shape.ts';

/** A value of JSON; undefined is none at all. */
export type Value = string | number | boolean | null | undefined | Value[] | { [name: string]: Value };

/** What the values of one object depend on. */
export interface Scope {
  readonly random: Random;
  /** Unix seconds. */
  readonly time: number;
  /** The object's number among those of its kind, from 0. */
  readonly index: number;
  /** What `name` stands for: a field made before in this object, or `pool.field`. */
  lookUp(name: string): Value;
}

/** Makes a value each time that it is called. */
export type Maker = (scope: Scope) => Value;

const NAME = /\{([a-z_]+(?:\.[a-z_]+)?)\}/g;

/**
 * The maker of the values of a shape. What it needs of the shape is worked out once.
 * @throws UsageError `shape:invalid`, from the maker, where a text or number that the shape names is of
 *   another kind
 */
export function makerOf(shape: ValueShape): Maker {
  if (typeof shape === 'string') return textMaker(shape);
  if (shape === null || typeof shape !== 'object') return () => shape;
  if ('oneOf' in shape) {
    const makers = shape.oneOf.map(([value]) => makerOf(value));
    const choice = new WeightedChoice(shape.oneOf.map(([, weight]) => weight));
    return (scope) => makers[choice.draw(scope.random)]?.(scope);
  }
  if ('chance' in shape) {
    const [yes, no] = [makerOf(shape.then), shape.else === undefined ? () => undefined : makerOf(shape.else)];
    return (scope) => (scope.random.chance(shape.chance) ? yes(scope) : no(scope));
  }
  if ('hex' in shape) return ({ random }) => hex(random, shape.hex);
  if ('uuid' in shape) return ({ random }) => uuid(random);
  if ('integer' in shape) {
    const [from, to] = shape.integer;
    return ({ random }) => from + random.below(to - from + 1);
  }
  if ('serial' in shape) return ({ index }) => shape.serial + index;
  if ('address' in shape) {
    const network = textMaker(shape.address);
    return (scope) => addressIn(String(network(scope)), scope.random);
  }
  if ('slug' in shape) {
    const text = textMaker(shape.slug);
    return (scope) => slug(String(text(scope)));
  }
  if ('time' in shape) {
    const hours = textMaker(shape.hours ?? '0');
    if (shape.time === 'epoch_s') return ({ time }) => time;
    return (scope) => timeText(scope.time + 3600 * Number(hours(scope)));
  }
  if ('list' in shape) {
    const item = makerOf(shape.list);
    const sizes = Object.keys(shape.sizes).map(Number);
    const choice = new WeightedChoice(Object.values(shape.sizes));
    return (scope) =>
      Array.from({ length: sizes[choice.draw(scope.random)] ?? 0 }, () => item(scope) ?? null);
  }
  return objectMaker(shape.object);
}

/** The maker of objects with these fields, in their order. A field that gets no value is left out. */
export function objectMaker(
  fields: Readonly<Record<string, ValueShape>>,
): (scope: Scope) => Record<string, Value> {
  const makers = Object.entries(fields).map(([name, shape]) => [name, makerOf(shape)] as const);
  return (scope) => {
    const object: Record<string, Value> = {};
    const within: Scope = {
      ...scope,
      lookUp: (name) => (Object.hasOwn(object, name) ? object[name] : scope.lookUp(name)),
    };
    for (const [name, make] of makers) {
      const value = make(within);
      if (value !== undefined) object[name] = value;
    }
    return object;
  };
}

function textMaker(text: string): Maker {
  const [only, ...more] = [...text.matchAll(NAME)];
  if (only === undefined) return () => text;
  if (more.length === 0 && only[0] === text) return ({ lookUp }) => lookUp(only[1] ?? '');
  return ({ lookUp }) => text.replaceAll(NAME, (_, name) => String(lookUp(name) ?? ''));
}

function hex(random: Random, digits: number): string {
  let text = '';
  while (text.length < digits) text += random.next().toString(16).padStart(8, '0');
  return text.slice(0, digits);
}

function uuid(random: Random): string {
  const digits = hex(random, 32);
  const variant = '89ab'[random.below(4)];
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '');
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

/** An address of the network that is neither its first nor its last. */
function addressIn(network: string, random: Random): string {
  const [, a, b, c, d, bits] = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(network) ?? [];
  const size = 2 ** (32 - Number(bits));
  if (!(size >= 4))
    throw new UsageError('shape:invalid', `"${network}" is no network such as 10.1.0.0/16 in a shape`);
  const first = ((Number(a) * 256 + Number(b)) * 256 + Number(c)) * 256 + Number(d);
  const address = first + 1 + random.below(size - 2);
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
