import type { z } from 'zod';
import { problem } from '../api.ts';

/** The answers of a route: its own, and a problem for every other status. */
export function answers<T extends z.ZodType>(answer: T) {
  return { 200: answer, '4xx': problem, 503: problem };
}
