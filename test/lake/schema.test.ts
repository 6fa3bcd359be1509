import { describe, expect, test } from '@jest/globals';
import { fieldOfSqlType } from '../../adapters/duckdb/describe.ts';
import { formatSchema, parseSchema } from '../../lake/schema.ts';

describe('fields', () => {
  test.each([
    ['VARCHAR', 'string'],
    ['BIGINT', 'long'],
    ['INTEGER', 'integer'],
    ['DOUBLE', 'double'],
    ['BOOLEAN', 'boolean'],
    ['DATE', 'date'],
    ['TIMESTAMP WITH TIME ZONE', 'timestamp'],
    ['DECIMAL(18,2)', 'decimal(18,2)'],
  ])('%s is stored as %s', (sqlType, type) => {
    expect(fieldOfSqlType('c', sqlType, false)).toEqual({ name: 'c', type, nullable: false });
  });

  // A timestamp without zone would need a newer protocol; the others have no Delta type of the same range.
  test.each(['TIMESTAMP', 'HUGEINT', 'UBIGINT', 'FLOAT', 'VARCHAR[]', 'STRUCT(a INTEGER)', 'TIME'])(
    '%s is refused, naming the column',
    (sqlType) => {
      expect(() => fieldOfSqlType('price', sqlType, true)).toThrow(`column price has type ${sqlType}`);
    },
  );
});

test('the schema as the Delta protocol writes it, and back', () => {
  const fields = [
    { name: 'id', type: 'long', nullable: false },
    { name: 'price "€"', type: 'decimal(12,2)', nullable: true },
  ] as const;
  // By hand, after the protocol's "Schema Serialization Format".
  const text =
    '{"type":"struct","fields":[{"name":"id","type":"long","nullable":false,"metadata":{}},' +
    '{"name":"price \\"€\\"","type":"decimal(12,2)","nullable":true,"metadata":{}}]}';
  expect(formatSchema(fields)).toBe(text);
  expect(parseSchema(text, 't')).toEqual(fields);
});

test.each([
  ['{"type":"array","elementType":"long","containsNull":true}', '{}', 'type {'],
  ['"timestamp_ntz"', '{}', 'type "timestamp_ntz"'],
  ['"long"', '{"delta.invariants":"x > 1"}', 'an invariant'],
])('a column of another program that is not understood is refused: %s %s', (type, metadata, message) => {
  const text = `{"type":"struct","fields":[{"name":"c","type":${type},"nullable":true,"metadata":${metadata}}]}`;
  expect(() => parseSchema(text, 'events')).toThrow(`table events: column c has ${message}`);
});
