/**
 * The types of the columns of a table in the lake, by their Delta names. `timestamp` is an instant, in UTC.
 */
export type FieldType = keyof typeof FIELD_TYPES | `decimal(${number},${number})`;

/** What one Delta type is called elsewhere. */
interface Names {
  /** By DuckDB, in a cast and in the answer of DESCRIBE. */
  readonly duckdb: string;
}

/** One entry for each type that a table may have; `decimal(p,s)` is the one that has parameters. */
const FIELD_TYPES = {
  string: { duckdb: 'VARCHAR' },
  long: { duckdb: 'BIGINT' },
  integer: { duckdb: 'INTEGER' },
  double: { duckdb: 'DOUBLE' },
  boolean: { duckdb: 'BOOLEAN' },
  date: { duckdb: 'DATE' },
  timestamp: { duckdb: 'TIMESTAMP WITH TIME ZONE' },
} as const satisfies Record<string, Names>;

const BY_DUCKDB_NAME = new Map<string, FieldType>(
  Object.entries(FIELD_TYPES).map(([type, { duckdb }]) => [duckdb, type as FieldType]),
);

/** What the type is called elsewhere. */
export function namesOf(type: FieldType): Names {
  if (type in FIELD_TYPES) return FIELD_TYPES[type as keyof typeof FIELD_TYPES];
  return { duckdb: type.toUpperCase() };
}

/** The type that stores what DuckDB calls `name`; null when tables do not store it. */
export function fieldTypeOfDuckDb(name: string): FieldType | null {
  const found = BY_DUCKDB_NAME.get(name) ?? (name.startsWith('DECIMAL(') ? name.toLowerCase() : null);
  return isFieldType(found) ? found : null;
}

/** DuckDB's names of all types without parameters, for people. */
export function duckDbNames(): string[] {
  return [...BY_DUCKDB_NAME.keys()];
}

/** Whether this is the Delta name of a type that tables here may have. */
export function isFieldType(type: unknown): type is FieldType {
  return typeof type === 'string' && (Object.hasOwn(FIELD_TYPES, type) || /^decimal\(\d+,\d+\)$/.test(type));
}
