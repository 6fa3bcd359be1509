import { UsageError } from '../../core/errors.ts';
import { Random, WeightedChoice } from '../random.ts';
import type { PoolShape, RecordShape } from './shape.ts';
import { objectMaker, type Scope, type Value } from './values.ts';

/** The members of one pool, and the file that tells of them. */
interface Pool {
  readonly members: readonly Readonly<Record<string, Value>>[];
  draw(random: Random): Readonly<Record<string, Value>>;
}

/** The pools of a shape. A pool's members may refer to the pools before it. */
export class Pools {
  readonly #pools = new Map<string, Pool>();

  constructor(shape: RecordShape, rows: number, seed: number) {
    for (const [i, [name, pool]] of Object.entries(shape.pools).entries())
      this.#pools.set(name, this.#make(pool, rows, new Random(seed, 100 + i)));
  }

  /** A scope for one object: it draws one member of each pool that is named, once. */
  scope(random: Random, time: number, index: number): Scope {
    const drawn = new Map<string, Readonly<Record<string, Value>>>();
    return {
      random,
      time,
      index,
      lookUp: (name) => {
        const [pool = '', field = ''] = name.split('.');
        const member = drawn.get(pool) ?? this.#pools.get(pool)?.draw(random);
        if (!member || !Object.hasOwn(member, field))
          throw new UsageError('shape:invalid', `The shape names {${name}}, and there is no such value`, {
            hint: 'A name stands for a field before it, or for pool.field of a pool before it.',
          });
        drawn.set(pool, member);
        return member[field];
      },
    };
  }

  /** The CSV file of a pool, header first: what is known of its members. */
  *csv(name: string, { columns, share }: NonNullable<FileOf>, random: Random): Generator<Buffer> {
    yield Buffer.from(`${Object.keys(columns).map(csvField).join(',')}\n`);
    for (const member of this.#pools.get(name)?.members ?? []) {
      if (!random.chance(share)) continue;
      const fields = Object.values(columns).map((field) => csvField(String(member[field] ?? '')));
      yield Buffer.from(`${fields.join(',')}\n`);
    }
  }

  #make(shape: PoolShape, rows: number, random: Random): Pool {
    if ('rows' in shape) {
      const choice = new WeightedChoice(shape.rows.map(({ weight }) => weight));
      const members = shape.rows as Pool['members'];
      return { members, draw: (source) => members[choice.draw(source)] ?? {} };
    }
    const make = objectMaker(shape.fields);
    const length = Math.min(Math.ceil(rows / shape.each), shape.most ?? Number.POSITIVE_INFINITY);
    const members = Array.from({ length }, (_, i) => make(this.scope(random, 0, i)));
    return { members, draw: (source) => members[source.skewedBelow(length)] ?? {} };
  }
}

type FileOf = Extract<PoolShape, { fields: unknown }>['file'];

/** RFC 4180. */
function csvField(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
