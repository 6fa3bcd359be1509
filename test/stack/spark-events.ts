import fc from 'fast-check';
import { parseDataset } from '../../config/dataset/parse.ts';
import { VALUES } from './spark-values.ts';

/** A dataset of every type, format and rule that a contract may have. */
export const DATASET = parseDataset(
  `name: kinds
key: id
time: moment
columns:
  - {name: moment, type: timestamp, required: true}
  - {name: id, type: int64, required: true, min: -5}
  - {name: label, from: "The label, 'as written'", type: string, allowed: [a, b, "7", "true"]}
  - {name: note, type: string}
  - {name: anything, type: string, mixed: true}
  - {name: count, type: int64, zeroDecimals: true, max: "9007199254740993"}
  - {name: ratio, type: double, min: -1000000}
  - {name: price, type: "decimal(12,2)", min: 0}
  - {name: wide, type: "decimal(38,10)"}
  - {name: portion, from: share_of, type: "decimal(2,2)"}
  - {name: flag, type: boolean}
  - {name: day, type: date}
  - {name: packed, type: date, format: "%Y%m%d"}
  - {name: local, type: timestamp, format: "%d/%m/%Y %H:%M (%%)"}
  - {name: shop, type: timestamp, format: "%Y-%m-%d %H:%M:%S UTC"}
  - {name: stamped, type: date, format: "%Y-%m-%d %H:%M:%S UTC"}
  - {name: dotted, type: timestamp, format: "%d.%m.%Y %H:%M"}
  - {name: number_like, type: date, format: "%Y.%m%d"}
  - {name: cut, type: timestamp, precision: cut}
  - {name: sent, type: timestamp, format: epoch_s}
  - {name: seen, type: timestamp, format: epoch_us}
  - {name: extra, type: json}
`,
  'kinds.yml',
);

const pool = (name: string, which: 0 | 1) => fc.constantFrom(...(VALUES[name]?.[which] ?? []));

/** The text of an event of which every value is good, but for those of a few columns. */
const fields = fc
  .record(Object.fromEntries(Object.keys(VALUES).map((name) => [name, pool(name, 0)])))
  .chain((good) =>
    fc
      .array(
        fc.constantFrom(...Object.keys(VALUES)).chain((name) => fc.tuple(fc.constant(name), pool(name, 1))),
        { maxLength: 2 },
      )
      .map((changes) => ({ ...good, ...Object.fromEntries(changes) })),
  )
  .map((values) => Object.entries(values).map(([name, value]) => `${JSON.stringify(name)}:${value}`));

/** Ways in which a text can be another event, or none. */
const CHANGES: readonly ((text: string) => string)[] = [
  (text) => `${text} x`,
  (text) => `${text}] x`,
  (text) => `${text},{}`,
  (text) => ` \n${text}\t`,
  (text) => `\ufeff${text}`,
  (text) => `[${text}]`,
  (text) => text.slice(0, -1),
  (text) => `${text.slice(0, -1)},}`,
  (text) => `${text.slice(0, -1)},"id":7}`,
  (text) => text.replace('{', '{"id":"x",'),
  (text) => text.replace('"note"', '"n\\u006fte"'),
  (text) => text.replace('"note"', '"Note"'),
  (text) => text.replace('"note":', '"note":null,"note":'),
  (text) => text.replace('{', '{"more":{"id":{"id":[null]}},'),
  (text) => text.replace('{', `{"deep":${'['.repeat(1200)}${']'.repeat(1200)},`),
  (text) => text.replace('{', '{"more":NaN,'),
  (text) => text.replace('{', '{"more":1e999,'),
  (text) => text.replace('{', '{"more":"\\udc00",'),
  (text) => text.replace('{', '{"more":"\\q",'),
  (text) => text.replace('{', '{"more":"a\tb",'),
  (text) => text.replace('{', '{"more":01,'),
  (text) => text.replace('{', "{'more':1,"),
  (text) => text.replace('{', '{/* more */'),
  (text) => text.replace('{', '{"":1,"m.o[0]re":{"":1},'),
];

const object = fields.map((parts) => Buffer.from(`{${parts.join(',')}}`));
const changed = fc
  .tuple(fields, fc.constantFrom(...CHANGES))
  .map(([parts, change]) => Buffer.from(change(`{${parts.join(',')}}`)));

/** The value of a record: mostly an event. */
export const value: fc.Arbitrary<Buffer | null> = fc.oneof(
  { weight: 12, arbitrary: object },
  { weight: 6, arbitrary: changed },
  { weight: 1, arbitrary: fc.json().map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: object.map((bytes) =>
      Buffer.concat([bytes.subarray(0, -1), Buffer.from([0x2c, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])]),
    ),
  },
  { weight: 1, arbitrary: fc.constant(null) },
);

/** Values of which each is a rule of its own. */
export const EDGES: readonly (Buffer | null)[] = [
  ...Object.entries(VALUES).flatMap(([name, [good, edges]]) =>
    [...good, ...edges].map((one) => {
      const rest = Object.entries(VALUES).flatMap(([other, [[first]]]) =>
        other === name ? [] : [`${JSON.stringify(other)}:${first}`],
      );
      return Buffer.from(`{${[...rest, `${JSON.stringify(name)}:${one}`].join(',')}}`);
    }),
  ),
  ...CHANGES.map((change) =>
    Buffer.from(
      change(
        `{${Object.entries(VALUES)
          .map(([name, [[first]]]) => `${JSON.stringify(name)}:${first}`)
          .join(',')}}`,
      ),
    ),
  ),
  ...['', '{}', '[]', '7', '"x"', 'null', '{"moment":"2020-01-01","id":1}', '\u0000'].map((text) =>
    Buffer.from(text),
  ),
  Buffer.from(`{"moment":"2020-01-01","id":1,"note":"${'x'.repeat(1_000_001)}"}`),
  Buffer.from(`{"moment":"2020-01-01","id":1,"note":"${'€'.repeat(20_000)}"}`),
  Buffer.from([0xc3, 0x28]),
  null,
];
