import { z } from 'zod';
import { column, contract } from '../../core/dataset/columns.ts';
import { form } from '../../core/dataset/form.ts';
import type { Dataset, FileSource } from '../../core/dataset.ts';
import { checkColumn, checkColumns } from './columns.ts';
import { type Complain, complainTo } from './complain.ts';
import { checkLive } from './live.ts';
import { checkModels, checkPublications } from './models.ts';
import { checkOverview } from './overview.ts';

const checkedColumn = column.superRefine((c, context) => checkColumn(c, complainTo(context)));

/** A dataset file: its form, and what its keys must be in view of each other. */
export const dataset = form.extend({ columns: contract(checkedColumn) }).superRefine((d, context) => {
  const complain = complainTo(context);
  checkColumns(d.columns, complain);
  checkParts(d, complain);
  if (!d.columns.some((c) => c.name === d.key))
    complain(['key'], `names ${d.key}, which is not one of the columns`);
  const time = d.columns.find((c) => c.name === d.time);
  if (!time) complain(['time'], `names ${d.time}, which is not one of the columns`);
  else if (time.type !== 'timestamp' || !time.required)
    complain(['time'], `names ${d.time}, which must be a required column of type timestamp`);
  checkModels(d.models, d.publish, d.columns, complain);
  if (d.reports && !d.models.some(({ table }) => table === d.reports?.table))
    complain(['reports', 'table'], `names ${d.reports.table}, which is not the table of a model`);
  checkPublications(d.publish, d.models, complain);
  if (d.source.type === 'file') checkDialect(d.source, complain);
  if (d.live) checkLive(d.live, d.columns, complain);
  if (d.overview) checkOverview(d.overview, d.columns, d.models.length > 0, complain);
});

/** What is wrong with columns that are read from other parts of records than their values. */
function checkParts(
  { source, columns, key }: Pick<Dataset, 'source' | 'columns' | 'key'>,
  complain: Complain,
): void {
  for (const [i, { name, from }] of columns.entries()) {
    if (typeof from !== 'object') continue;
    if (source.type !== 'topic') complain(['columns', i, 'from'], 'is a name where the source is no topic');
    else if ('key' in from && name !== key)
      complain(['key'], `must be ${name}, the column that is read from the record's key`);
  }
}

function checkDialect(given: FileSource, complain: Complain): void {
  const { format, delimiter = ',', quote = '"' } = given;
  if (format === 'ndjson') {
    for (const key of ['delimiter', 'quote', 'escape', 'nulls'] as const)
      if (given[key] !== undefined) complain(['source', key], 'is for the format csv');
  }
  if (delimiter === quote) complain(['source', 'delimiter'], 'is the same as the quote');
}

/** The JSON Schema of a dataset file, for editors. */
export function datasetJsonSchema(): Record<string, unknown> {
  return z.toJSONSchema(dataset, { io: 'input', target: 'draft-7', unrepresentable: 'any' });
}
