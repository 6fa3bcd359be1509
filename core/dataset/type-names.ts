/** One name for each column type; `decimal` is the one that has parameters. */
const NAMES = ['string', 'int64', 'double', 'boolean', 'date', 'timestamp', 'json', 'decimal'] as const;
const DECIMAL = /^decimal\(([1-9]|[12]\d|3[0-8]),([0-9]|[12]\d|3[0-8])\)$/;

/** A column type without its parameters. */
export type TypeName = (typeof NAMES)[number];

/**
 * A column's type. `decimal(p,s)` is exact; `timestamp` is UTC with microseconds; `json` is the text of any
 * JSON value.
 */
export type ColumnType = Exclude<TypeName, 'decimal'> | `decimal(${number},${number})`;

/** The type without its parameters; undefined where a contract may not name it. */
export function typeNameOf(type: string): TypeName | undefined {
  if (DECIMAL.test(type)) return 'decimal';
  return NAMES.find((name) => name === type && name !== 'decimal');
}

/** Whether a contract may name this type. */
export function isColumnType(type: string): type is ColumnType {
  return typeNameOf(type) !== undefined;
}

/** Units of `format: epoch_*` in a second. */
export const EPOCHS: Readonly<Record<string, bigint>> = {
  epoch_s: 1n,
  epoch_ms: 1_000n,
  epoch_us: 1_000_000n,
};

/** Whether the format is a count of seconds, milliseconds or microseconds since 1970. */
export function isEpoch(format: string | undefined): boolean {
  return format !== undefined && Object.hasOwn(EPOCHS, format);
}
