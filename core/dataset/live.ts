import { z } from 'zod';
import type { DeepReadonly } from './deep-readonly.ts';
import { name } from './name.ts';

/** The form of what the view Live of the page is made of. */
export const live = z.strictObject({
  by: z.array(name).min(1).describe('String columns of few values: readings are grouped by one of them.'),
  values: z.array(name).min(1).describe('Numeric columns: what a reading measures.'),
});

/** What the view Live of the page shows of the rows that are exported to CSV. */
export type Live = DeepReadonly<z.output<typeof live>>;
