import { type Data, DataType, type Schema, tableFromIPC, type Vector } from 'apache-arrow';
import { EventlakeError } from '../../core/errors.ts';
import type { Row } from '../../core/row.ts';

type Value = Row[string];
type Read = (vector: Vector, index: number) => Value;

/**
 * The rows of an {@link https://arrow.apache.org/docs/format/Columnar.html#ipc-streaming-format Arrow stream}.
 *
 * @throws EventlakeError `spark:failed` for a column of a type that has no place in a row
 */
export function rowsOf(bytes: Uint8Array): Row[] {
  const table = tableFromIPC(bytes);
  const columns = table.schema.fields.map(({ name, type }, i) => {
    const vector = table.getChildAt(i);
    if (vector === null) throw new Error(`an Arrow table without its column ${name}`);
    return { name, vector, read: readerOf(table.schema, i, type) };
  });
  return Array.from({ length: table.numRows }, (_, i) =>
    Object.fromEntries(
      columns.map(({ name, vector, read }) => [name, vector.isValid(i) ? read(vector, i) : null]),
    ),
  );
}

function readerOf({ fields }: Schema, column: number, type: DataType): Read {
  if (DataType.isNull(type)) return () => null;
  if (DataType.isBool(type) || DataType.isInt(type) || DataType.isUtf8(type) || DataType.isLargeUtf8(type))
    return (vector, i) => vector.get(i);
  if (DataType.isFloat(type)) return (vector, i) => number(vector.get(i));
  if (DataType.isDecimal(type)) return (vector, i) => decimal(vector.get(i), type.scale);
  if (DataType.isDate(type)) return (vector, i) => date(rawOf(vector, i));
  if (DataType.isTimestamp(type)) {
    const write = type.timezone === null || type.timezone === undefined ? local : instant;
    return (vector, i) => write(rawOf(vector, i));
  }
  throw new EventlakeError('spark:failed', `The column ${fields[column]?.name} has the type ${type}`, {
    hint: 'Let the query cast it to a number, a string or a timestamp; to_json writes lists and structures.',
  });
}

/** What is not finite has no place in JSON. */
function number(value: number): Value {
  return Number.isFinite(value) ? value : String(value);
}

/** The number in the buffer: apache-arrow makes milliseconds of microseconds, and loses the rest. */
function rawOf(vector: Vector, index: number): bigint {
  let within = index;
  for (const { length, values } of vector.data as readonly Data[]) {
    if (within < length) return BigInt(values[within]);
    within -= length;
  }
  throw new RangeError(`an Arrow column of ${vector.length} values has no value ${index}`);
}

/** Microseconds since the epoch, as `2020-01-01T00:00:00.000001Z` without zeros at the end. */
function instant(microseconds: bigint): string {
  return `${timeOf(microseconds)}Z`;
}

/** Without a time zone, as DuckDB writes it: `2020-01-01 00:00:00`. */
function local(microseconds: bigint): string {
  return timeOf(microseconds).replace('T', ' ');
}

function timeOf(microseconds: bigint): string {
  const fraction = ((microseconds % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const milliseconds = Number((microseconds - fraction) / 1000n);
  const seconds = new Date(milliseconds).toISOString().slice(0, -'.000Z'.length);
  return fraction === 0n ? seconds : `${seconds}.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
}

const MILLISECONDS_PER_DAY = 86_400_000;

/** Days since the epoch, as `2020-01-01`. */
function date(days: bigint): string {
  return new Date(Number(days) * MILLISECONDS_PER_DAY).toISOString().slice(0, -'T00:00:00.000Z'.length);
}

/** 128 bits in words of 32, the lowest first. */
function decimal(words: Uint32Array, scale: number): string {
  const unsigned = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
  const unscaled = BigInt.asIntN(128, unsigned);
  const digits = String(unscaled < 0n ? -unscaled : unscaled).padStart(scale + 1, '0');
  const sign = unscaled < 0n ? '-' : '';
  return scale === 0 ? sign + digits : `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}
