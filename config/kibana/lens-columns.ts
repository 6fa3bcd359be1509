import type {
  BucketColumn,
  CountColumn,
  Kql,
  LensColumn,
  NumberFormat,
  RangeColumn,
  SumColumn,
} from './lens-types.ts';
import type { Buckets, Measure, Metric, Minimums } from './source.ts';

const FORMATS: Record<Metric['format'], NumberFormat> = {
  count: { id: 'number', params: { decimals: 0 } },
  amount: { id: 'number', params: { decimals: 0 } },
  price: { id: 'number', params: { decimals: 2 } },
  percent: { id: 'percent', params: { decimals: 1 } },
};

const METRIC = { customLabel: true, isBucketed: false, dataType: 'number', scale: 'ratio' } as const;
const BUCKET = { customLabel: true, isBucketed: true } as const;

/** `{views: 1, carts: 1}` → `views >= 1 and carts >= 1`. */
function kql(minimums: Minimums): Kql {
  const query = Object.entries(minimums).map(([field, minimum]) => `${field} >= ${minimum}`);
  return { query: query.join(' and '), language: 'kuery' };
}

/** The column of one measure. */
export function measureColumn(
  measure: Measure,
  label: string,
  format?: Metric['format'],
): CountColumn | SumColumn {
  const params = { emptyAsNull: false as const, ...(format && { format: FORMATS[format] }) };
  if ('sum' in measure) {
    return { label, ...METRIC, operationType: 'sum', sourceField: measure.sum, params };
  }
  const filter = kql(measure.documents);
  return {
    label,
    ...METRIC,
    operationType: 'count',
    sourceField: '___records___',
    params,
    ...(filter.query && { filter }),
  };
}

/**
 * The columns of a metric, the one that is shown first. A quotient is a formula, with its parts as Kibana
 * derives them from it.
 */
export function metricColumns(id: string, metric: Metric): Record<string, LensColumn> {
  const { label, value, dividedBy, format } = metric;
  if (!dividedBy) return { [id]: measureColumn(value, label, format) };
  const formula = `${formulaOf(value)} / ${formulaOf(dividedBy)}`;
  const part = `Part of ${label}`;
  return {
    [id]: {
      label,
      ...METRIC,
      operationType: 'formula',
      params: { formula, isFormulaBroken: false, format: FORMATS[format] },
      references: [`${id}X2`],
    },
    [`${id}X0`]: measureColumn(value, part),
    [`${id}X1`]: measureColumn(dividedBy, part),
    [`${id}X2`]: {
      label: part,
      ...METRIC,
      operationType: 'math',
      params: {
        tinymathAst: {
          type: 'function',
          name: 'divide',
          args: [`${id}X0`, `${id}X1`],
          location: { min: 0, max: formula.length },
          text: formula,
        },
      },
      references: [`${id}X0`, `${id}X1`],
    },
  };
}

function formulaOf(measure: Measure): string {
  if ('sum' in measure) return `sum(${measure.sum})`;
  const { query } = kql(measure.documents);
  return query ? `count(kql='${query}')` : 'count()';
}

/**
 * The column that makes the bars. `valueId` is the column of their length, `timeField` the one that the time
 * picker selects by: weeks of another column are not cut by the time picker, so that they show the same
 * documents as every other panel.
 */
export function bucketColumn(by: Buckets, label: string, valueId: string, timeField: string): BucketColumn {
  if ('steps' in by) {
    const filters = by.steps.map((step) => ({ label: step.label, input: kql(step.documents) }));
    return {
      label,
      ...BUCKET,
      operationType: 'filters',
      dataType: 'string',
      scale: 'ordinal',
      params: { filters },
    };
  }
  if ('values' in by) {
    return {
      label,
      ...BUCKET,
      operationType: 'terms',
      dataType: 'string',
      scale: 'ordinal',
      sourceField: by.values,
      params: {
        size: by.top,
        orderBy: { type: 'column', columnId: valueId },
        orderDirection: 'desc',
        otherBucket: false,
        missingBucket: false,
        parentFormat: { id: 'terms' },
        include: [],
        exclude: [],
        includeIsRegex: false,
        excludeIsRegex: false,
      },
    };
  }
  if ('ranges' in by) {
    return {
      label,
      ...BUCKET,
      operationType: 'range',
      dataType: 'string',
      scale: 'ordinal',
      sourceField: by.ranges,
      params: {
        type: 'range',
        ranges: rangesOf(by.limits),
        maxBars: 'auto',
        parentFormat: { id: 'range', params: { template: 'arrow_right', replaceInfinity: true } },
      },
    };
  }
  return {
    label,
    ...BUCKET,
    operationType: 'date_histogram',
    dataType: 'date',
    scale: 'interval',
    sourceField: by.weeks,
    params: {
      interval: '1w',
      includeEmptyRows: true,
      dropPartials: false,
      ignoreTimeRange: by.weeks !== timeField,
    },
  };
}

/** `[0, 25, 50]` → 0–25, 25–50, 50+. */
function rangesOf(limits: readonly number[]): RangeColumn['params']['ranges'] {
  const shown = (limit: number) => limit.toLocaleString('en-US');
  return limits.map((from, n) => {
    const to = limits[n + 1] ?? null;
    return { from, to, label: to === null ? `${shown(from)}+` : `${shown(from)}–${shown(to)}` };
  });
}
