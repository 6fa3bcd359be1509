import type { Column, Live } from '../../core/dataset.ts';
import type { Complain } from './complain.ts';

/** What is wrong with the view of these columns. */
export function checkLive({ by, values }: Live, columns: readonly Column[], complain: Complain): void {
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
