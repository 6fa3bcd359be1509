import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { z } from 'zod';
import { UsageError } from '../../core/errors.ts';

const id = z.string().regex(/^[a-z][a-z0-9-]*$/, 'must be lower-case letters, digits and -');
const field = z.string().regex(/^[a-z][a-z0-9_]*$/, 'must be the name of a column');
const text = z.string().min(1);
const time = z.iso.datetime({ precision: 3 });

const minimums = z.record(field, z.int().min(1));
const measure = z.union([z.strictObject({ documents: minimums }), z.strictObject({ sum: field })]);

const buckets = z.union([
  z.strictObject({ steps: z.array(z.strictObject({ label: text, documents: minimums })).min(1) }),
  z.strictObject({ values: field, top: z.int().min(1) }),
  z.strictObject({ ranges: field, limits: z.array(z.number()).min(2) }),
  z.strictObject({ weeks: field }),
]);

const metric = z.strictObject({
  label: text,
  value: measure,
  dividedBy: measure.optional(),
  format: z.enum(['count', 'amount', 'price', 'percent']),
});

const bars = z.strictObject({
  direction: z.enum(['horizontal', 'vertical']),
  color: z.enum(['blue', 'green']),
  value: measure,
  by: buckets,
});

const rows = z.strictObject({
  columns: z.array(field).min(1),
  sort: z.array(z.tuple([field, z.enum(['asc', 'desc'])])).min(1),
  count: z.int().min(10).max(500),
});

const panel = z
  .strictObject({
    id,
    title: text,
    description: text,
    at: z.tuple([z.int().min(0), z.int().min(0), z.int().min(1), z.int().min(1)]),
    metric: metric.optional(),
    bars: bars.optional(),
    rows: rows.optional(),
  })
  .refine(
    (p) => [p.metric, p.bars, p.rows].filter((content) => content !== undefined).length === 1,
    'must have one of metric, bars and rows',
  );

const source = z
  .strictObject({
    dataView: z.strictObject({
      id,
      name: text,
      timeField: field,
      fields: z.record(
        field,
        z.strictObject({
          label: text,
          description: text,
          format: text.optional(),
          width: z.int().min(1).optional(),
        }),
      ),
    }),
    dashboard: z.strictObject({
      id,
      title: text,
      description: text,
      time: z.strictObject({ from: time, to: time }),
    }),
    controls: z.array(z.strictObject({ field, title: text })),
    panels: z.array(panel).min(1),
  })
  .superRefine(({ dataView, controls, panels }, context) => {
    const complain = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    const known = (name: string, ...path: (string | number)[]) => {
      if (!(name in dataView.fields)) complain(path, `${name} is not among the fields of the data view`);
    };
    known(dataView.timeField, 'dataView', 'timeField');
    for (const [n, control] of controls.entries()) known(control.field, 'controls', n, 'field');
    for (const [n, p] of panels.entries()) {
      if (panels.findIndex((other) => other.id === p.id) !== n)
        complain(['panels', n, 'id'], `${p.id} is there twice`);
      for (const name of fieldsOf(p)) known(name, 'panels', n);
    }
  });

/** Documents with at least so many in each of these columns; all of them when there is none. */
export type Minimums = z.infer<typeof minimums>;
/** What is counted or added up. */
export type Measure = z.infer<typeof measure>;
/** One bar for each of these. */
export type Buckets = z.infer<typeof buckets>;
export type Metric = z.infer<typeof metric>;
export type Bars = z.infer<typeof bars>;
export type Rows = z.infer<typeof rows>;
/** One panel; exactly one of `metric`, `bars` and `rows` is there. */
export type Panel = z.infer<typeof panel>;
/** The description of the data view and its dashboard. */
export type DashboardSource = z.infer<typeof source>;

function fieldsOf({ metric, bars, rows }: Panel): string[] {
  const measured = (m: Measure | undefined) => (!m ? [] : 'sum' in m ? [m.sum] : Object.keys(m.documents));
  if (rows) return [...rows.sort.map(([name]) => name), ...rows.columns];
  if (metric) return [...measured(metric.value), ...measured(metric.dividedBy)];
  if (!bars) return [];
  const { by } = bars;
  if ('steps' in by) return [...measured(bars.value), ...by.steps.flatMap(measured)];
  return [...measured(bars.value), 'values' in by ? by.values : 'ranges' in by ? by.ranges : by.weeks];
}

/**
 * Reads the description of a dashboard, a dataset's `kibana.yml`.
 * @throws UsageError `dashboard:invalid` naming every key that is wrong.
 */
export async function readSource(file: string): Promise<DashboardSource> {
  const result = source.safeParse(parse(await readFile(file, 'utf8')));
  if (result.success) return result.data;
  throw new UsageError('dashboard:invalid', `${file}:\n${z.prettifyError(result.error)}`);
}
