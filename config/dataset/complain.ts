import type { z } from 'zod';

/** Notes what is wrong with the key at this path of a dataset file. */
export type Complain = (path: readonly (string | number)[], message: string) => void;

/** Notes it as an issue of the schema that is checked; paths begin at what that schema describes. */
export function complainTo(context: z.RefinementCtx): Complain {
  return (path, message) => context.addIssue({ code: 'custom', path: [...path], message });
}
