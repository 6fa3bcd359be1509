/** Parts of JSON that Node 24 has and TypeScript's libraries do not declare yet (ECMAScript proposal "JSON.parse source text access"). */
const exact = JSON as unknown as {
  rawJSON(text: string): unknown;
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
};

/** A number in JSON with exactly the digits of `text`, which must be a JSON number. */
export function rawNumber(text: string): unknown {
  return exact.rawJSON(text);
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
  return exact.parse(text, (_key, value, { source }) =>
    typeof value === 'number' &&
    !Number.isSafeInteger(value) &&
    source !== undefined &&
    /^-?\d+$/.test(source)
      ? BigInt(source)
      : value,
  );
}
