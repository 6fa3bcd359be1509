import { z } from 'zod';
import { type column, name } from './columns.ts';
import type { Complain } from './complain.ts';

/** What the view Live of the page is made of. */
export const live = z.strictObject({
  by: z.array(name).min(1).describe('String columns of few values: readings are grouped by one of them.'),
  values: z.array(name).min(1).describe('Numeric columns: what a reading measures.'),
});

/** What is wrong with the view of these columns. */
export function checkLive(
  { by, values }: z.output<typeof live>,
  columns: readonly z.output<typeof column>[],
  complain: Complain,
): void {
  const typeOf = (named: string) => columns.find((c) => c.name === named)?.type;
  for (const [key, names, fits, types] of [
    ['by', by, /^string$/, 'string'],
    ['values', values, /^(double|int64|decimal)/, 'double, int64 or decimal'],
  ] as const) {
    names.forEach((named, i) => {
      const type = typeOf(named);
      if (!type) complain(['live', key, i], `names ${named}, which is not one of the columns`);
      else if (!fits.test(type)) complain(['live', key, i], `names ${named}, which must be of type ${types}`);
    });
  }
}
