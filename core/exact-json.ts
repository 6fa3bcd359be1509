/**
 * Parts of JSON that Node 24 has and TypeScript's libraries do not declare yet (ECMAScript proposal
 * "JSON.parse source text access").
 */
export const exactJson = JSON as unknown as {
  /** What `JSON.stringify` writes as `text`, which must be the text of a JSON primitive. */
  rawJSON(text: string): { readonly rawJSON: string };
  isRawJSON(value: unknown): value is { readonly rawJSON: string };
  /** `source`: how a primitive was written. */
  parse(
    text: string,
    reviver: (name: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
};
