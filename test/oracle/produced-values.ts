/** A value that no CSV file gives, and what docs/data-rules.md makes of it. */
export interface ProducedValue {
  readonly value: Buffer | null;
  /** `good`, or the reason for which it is rejected. */
  readonly expected: string;
}

const GOOD = {
  event_time: '2020-11-05 23:59:59 UTC',
  event_type: 'purchase',
  product_id: '1996170',
  category_id: '2144415922528452715',
  category_code: 'electronics.telephone',
  brand: null,
  price: '31.90',
  user_id: '1515915625519388267',
  user_session: 'LJuJVLEjPT',
};

/**
 * The good event with fields written as given: texts of JSON, so that numbers keep their digits. Undefined
 * leaves one out.
 */
function event(change: Record<string, string | undefined> = {}, join = ','): Buffer {
  const texts = Object.entries(GOOD).map(([name, value]) => [name, JSON.stringify(value)] as const);
  const fields = [...new Map<string, string | undefined>([...texts, ...Object.entries(change)])];
  const present = fields.filter(([, text]) => text !== undefined).map(([name, text]) => `"${name}":${text}`);
  return Buffer.from(`{${present.join(join)}}`);
}

const good = (value: Buffer): ProducedValue => ({ value, expected: 'good' });
const bad = (expected: string, ...values: (Buffer | string | null)[]): ProducedValue[] =>
  values.map((value) => ({ value: typeof value === 'string' ? Buffer.from(value) : value, expected }));
const badFields = (expected: string, column: string, ...texts: (string | undefined)[]): ProducedValue[] =>
  texts.map((text) => ({ value: event({ [column]: text }), expected }));

/** Values of every kind that another producer could put into the topic. */
export const PRODUCED_VALUES: readonly ProducedValue[] = [
  good(event()),
  good(Buffer.from(JSON.stringify({ ...GOOD, price: '1.00' }, null, 2))),
  good(Buffer.from(JSON.stringify({ ...GOOD, price: '2.00' }, null, '\t').replaceAll('\n', '\r\n'))),
  good(Buffer.from(` \n ${JSON.stringify({ ...GOOD, price: '3.00' })}\n`)),
  good(event({ extra: '{"nested":[1,2,{"price":"x"}]}', 'odd name': '1', 'pr\\u0069ces': 'NaN' })),
  good(Buffer.from(`${event({ price: undefined }).toString().slice(0, -1)},"pr\\u0069ce":"4.00"}`)),
  good(Buffer.from(`${event({ brand: '",}"', extra: '[1,2,]' }).toString().slice(0, -1)} , }`)),
  good(event({ price: '31.9' })),
  good(event({ price: '32' })),
  good(event({ price: '3.23e1' })),
  good(event({ price: '0' })),
  good(event({ price: '9999999999.99' })),
  good(event({ price: '"9999999999.9900000000000000000000000000000000000"' })),
  good(event({ price: '"00000000000000000000000000000000000000000031.91"' })),
  good(event({ price: '33.3000000000000000' })),
  good(event({ price: '"-0.00"' })),
  good(event({ product_id: '9223372036854775807', user_id: '9223372036854775806' })),
  good(event({ product_id: '"-0"', user_id: '"0000000000000000000000000007"' })),
  good(event({ category_code: '""', brand: '""', user_session: undefined })),
  good(event({ brand: String.raw`"tab\tquote\"line\nbackslash\\\u00e9\ud83d\ude00"` })),
  good(event({ brand: '"\u0085\u2028 \u00a0"' })),
  good(event({ event_time: '"2020-02-29 00:00:00 UTC"' })),
  good(event({ event_time: '"0001-01-01 00:00:00 UTC"' })),
  good(event({ event_time: '"9999-12-31 23:59:59 UTC"' })),
  good(event({ event_type: '"remove_from_cart"' })),

  ...bad('value:null', null, null),
  ...bad('value:invalid_utf8', Buffer.from([0xff, 0xfe]), Buffer.concat([event(), Buffer.from([0xc3])])),
  ...bad('value:invalid_utf8', Buffer.concat([Buffer.alloc(20_000, 'x'), Buffer.from([0x80, 0x0a])])),
  ...bad(
    'value:not_json',
    '',
    ' ',
    'view',
    '{',
    `${event()}}`,
    `${event()} ${event()}`,
    `{'a':1}`,
    '{"a":01}',
  ),
  ...bad('value:not_json', '{,}', '[,]', '{"a":1,,}', event({ brand: '"a\nb"' }), event({ brand: '"\0"' })),
  ...bad(
    'value:not_json',
    event({ brand: String.raw`"\x"` }),
    '{"a":1}/* c */',
    '{"a":.5}',
    '{"a":+1}',
    '{"a":True}',
  ),
  ...bad('value:not_json', `not json, but long: ${'é'.repeat(20_000)}`),
  ...bad('value:not_an_object', '[]', `[${event()}]`, '"view"', '42', 'NaN', 'true', 'null', '\n[\n]\n'),

  ...badFields('event_time:missing', 'event_time', undefined, 'null', '""'),
  ...badFields(
    'event_time:wrong_type',
    'event_time',
    '1604620799',
    'true',
    '{}',
    '["2020-11-05 23:59:59 UTC"]',
  ),
  ...badFields(
    'event_time:not_a_timestamp',
    'event_time',
    ...[
      '"2020-11-05T23:59:59Z"',
      '"2020-11-05 23:59:59"',
      '"2020-11-5 23:59:59 UTC"',
      '" 2020-11-05 23:59:59 UTC"',
    ],
    ...[
      '"2020-11-05 23:59:59 UTC "',
      '"2020-11-31 00:00:00 UTC"',
      '"2021-02-29 00:00:00 UTC"',
      '"2020-11-05 24:00:00 UTC"',
    ],
    ...[
      '"2020-11-05 23:59:60 UTC"',
      '"epoch"',
      '"infinity"',
      '"0000-01-01 00:00:00 UTC"',
      '"2020-11-05 23:59:59.5 UTC"',
      '" "',
    ],
  ),
  ...badFields('event_type:wrong_type', 'event_type', '1', 'false', '{"a":"view"}'),
  ...badFields('event_type:not_allowed', 'event_type', '"View"', '"view "', '"wishlist"', '"null"'),
  ...badFields('product_id:wrong_type', 'product_id', 'true', '[1]', '{}'),
  ...badFields(
    'product_id:not_an_integer',
    'product_id',
    '1.0',
    '1e2',
    '"1.0"',
    '"+1"',
    '" 1"',
    '"0x10"',
    '"-"',
    '1E400',
    '"١"',
  ),
  ...badFields('product_id:out_of_range', 'product_id', '9223372036854775808', '18446744073709551616'),
  ...badFields(
    'product_id:out_of_range',
    'product_id',
    '"99999999999999999999999999999999999999999999"',
    `"${'9'.repeat(300)}"`,
  ),
  ...badFields('product_id:out_of_range', 'product_id', '-9223372036854775809', `${'9'.repeat(300)}`),
  ...badFields('product_id:below_minimum', 'product_id', '-1', '"-9223372036854775808"'),
  ...badFields('category_code:wrong_type', 'category_code', '7', 'true', '["a"]', '{"a":1}'),
  ...badFields('brand:wrong_type', 'brand', '1.5', 'false', '[]'),
  ...badFields('price:missing', 'price', undefined, 'null', '""'),
  ...badFields('price:wrong_type', 'price', 'true', '[31.9]', '{"amount":31.9}'),
  ...badFields(
    'price:not_a_number',
    'price',
    'NaN',
    '-Infinity',
    '1e40',
    '"3.19e1"',
    '".5"',
    '"5."',
    '"1,5"',
    '"NaN"',
    '"inf"',
    '"$5"',
    '" 5"',
  ),
  ...badFields('price:too_precise', 'price', '31.905', '"31.901"', '0.001', '31.900000000000001'),
  ...badFields('price:out_of_range', 'price', '10000000000', '"10000000000.00"'),
  ...badFields('price:below_minimum', 'price', '-0.01', '"-5"'),
  ...badFields('user_id:missing', 'user_id', undefined, 'null', '""'),
  ...badFields('user_id:not_an_integer', 'user_id', '1515915625519388267.0', '"guest"'),
  ...badFields('user_session:wrong_type', 'user_session', '0', '{}'),
  ...bad('event_time:missing', '{}', event({ event_time: undefined, price: 'true', user_id: undefined })),
];
