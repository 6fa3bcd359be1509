/**
 * The types of the columns of a table in the lake, by their Delta names. `timestamp` is an instant, in UTC.
 */
export type FieldType = keyof typeof FIELD_TYPES | `decimal(${number},${number})`;

/** What one Delta type is called elsewhere. */
interface Names {
  /** By DuckDB, in a cast and in the answer of DESCRIBE. */
  readonly duckdb: string;
  /** By Spark, in a cast and, in lower case, in the answer of DESCRIBE QUERY. */
  readonly spark: string;
}

/** One entry for each type that a table may have; `decimal(p,s)` is the one that has parameters. */
const FIELD_TYPES = {
  string: { duckdb: 'VARCHAR', spark: 'STRING' },
  long: { duckdb: 'BIGINT', spark: 'BIGINT' },
  integer: { duckdb: 'INTEGER', spark: 'INT' },
  double: { duckdb: 'DOUBLE', spark: 'DOUBLE' },
  boolean: { duckdb: 'BOOLEAN', spark: 'BOOLEAN' },
  date: { duckdb: 'DATE', spark: 'DATE' },
  timestamp: { duckdb: 'TIMESTAMP WITH TIME ZONE', spark: 'TIMESTAMP' },
} as const satisfies Record<string, Names>;

/** Whose names of types are known. */
export type TypeNames = keyof Names;

/** What the type is called elsewhere. */
export function namesOf(type: FieldType): Names {
  if (type in FIELD_TYPES) return FIELD_TYPES[type as keyof typeof FIELD_TYPES];
  return { duckdb: type.toUpperCase(), spark: type.toUpperCase() };
}

/** The type that stores what this system calls `name`; null when tables do not store it. */
export function fieldTypeNamed(system: TypeNames, name: string): FieldType | null {
  const called = name.toUpperCase();
  const found = Object.entries(FIELD_TYPES).find(([, names]) => names[system] === called)?.[0];
  const type = found ?? (called.startsWith('DECIMAL(') ? called.toLowerCase() : null);
  return isFieldType(type) ? type : null;
}

/** This system's names of all types without parameters, for people. */
export function typeNames(system: TypeNames): string[] {
  return Object.values(FIELD_TYPES).map((names) => names[system]);
}

/** Whether this is the Delta name of a type that tables here may have. */
export function isFieldType(type: unknown): type is FieldType {
  return typeof type === 'string' && (Object.hasOwn(FIELD_TYPES, type) || /^decimal\(\d+,\d+\)$/.test(type));
}
