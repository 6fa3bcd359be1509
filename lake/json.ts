import { exactJson } from '../core/exact-json.ts';

/** A number in JSON with exactly the digits of `text`, which must be a JSON number. */
export function rawNumber(text: string): unknown {
  return exactJson.rawJSON(text);
}

/** JSON in which a bigint is a number with all its digits. */
export function formatJson(value: unknown): string {
  return JSON.stringify(value, (_key, field: unknown) =>
    typeof field === 'bigint' ? rawNumber(String(field)) : field,
  );
}

/** Reads JSON; an integer that a double cannot hold exactly becomes a bigint. */
export function parseJson(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return exactJson.parse(text, (_key, value, { source }) =>
    typeof value === 'number' &&
    !Number.isSafeInteger(value) &&
    source !== undefined &&
    /^-?\d+$/.test(source)
      ? BigInt(source)
      : value,
  );
}
