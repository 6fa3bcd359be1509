import { z } from 'zod';
import { problem } from '../api.ts';

/** The answers of a route: its own, and a problem for every other status. */
export function answers<T extends z.ZodType>(answer: T) {
  return { 200: answer, '4xx': problem, 503: problem };
}

/** The answer of a route that sends a file. */
export const CSV = { description: 'CSV (RFC 4180)', content: { 'text/csv': { schema: z.any() } } };
