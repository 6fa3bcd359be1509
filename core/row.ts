/**
 * A row of a small result: 64-bit integers are bigint, decimals and timestamps (ISO 8601, UTC) are strings.
 */
export type Row = Record<string, string | number | bigint | boolean | null>;
