import type { BucketColumn, Kql, LensAttributes, LensColumn, LensLayer } from './lens-types.ts';

/** Which documents a dashboard selects. */
export interface Selection {
  /** Name of the data view's time field, and what the time picker is set to; both ends are included. */
  readonly timeField: string;
  readonly from: string;
  readonly to: string;
  /** What is chosen in the controls; a field without a choice is not there. */
  readonly chosen: Readonly<Record<string, readonly string[]>>;
}

/** A body of Elasticsearch's `_search`, and how its answer becomes what the panel shows. */
export interface PanelRequest<Shown> {
  readonly body: Record<string, unknown>;
  read(answer: SearchAnswer): Shown;
}

/** As much of an answer as is read. */
export interface SearchAnswer {
  readonly hits: {
    readonly total: { readonly value: number };
    readonly hits: readonly { readonly _source: Readonly<Record<string, unknown>> }[];
  };
  readonly aggregations?: Bucket;
}

/** A bucket: its key, its number of documents, and the aggregations inside of it by name. */
interface Bucket {
  readonly [aggregation: string]: unknown;
  readonly doc_count?: number;
}

/** One bar. A week's label is the UTC day on which it begins. */
export interface Bar {
  readonly label: string;
  readonly value: number | null;
}

/** What a Lens panel shows: one number (null where there is none, such as a quotient by 0), or bars. */
export type Shown = { readonly number: number | null } | { readonly bars: readonly Bar[] };

const BUCKETS = 'buckets';

/**
 * The search that Kibana makes for a saved Lens panel, in the case of the operations that this dashboard
 * uses; after Lens's own translation of its columns to aggregations (`toEsAggsFn`). With time zone UTC.
 */
export function lensRequest(lens: LensAttributes, selection: Selection): PanelRequest<Shown> {
  const layers: readonly LensLayer[] = Object.values(lens.state.datasourceStates.formBased.layers);
  const columns = layers[0]?.columns ?? {};
  const bucket = Object.entries(columns).find(
    (entry): entry is [string, BucketColumn] => entry[1].isBucketed,
  );
  const shownId = accessorOf(lens);
  const inside = aggregationsOf(columns);
  const aggs = bucket
    ? { [BUCKETS]: { ...bucketAggregation(bucket[1], columns, selection), aggs: inside } }
    : inside;
  return {
    body: { size: 0, track_total_hits: true, query: queryOf(selection), aggs },
    read({ hits, aggregations = {} }) {
      if (!bucket) {
        return { number: measured(shownId, columns, { ...aggregations, doc_count: hits.total.value }) };
      }
      const { buckets } = aggregations[BUCKETS] as { buckets: readonly ListedBucket[] };
      const bars = buckets.map((b, n) => ({
        label: labelOf(bucket[1], b, n),
        value: measured(shownId, columns, b),
      }));
      return { bars };
    },
  };
}

/** The search that Kibana makes for a saved Discover session, for its columns. */
export function sessionRequest(
  attributes: Readonly<Record<string, unknown>>,
  selection: Selection,
): PanelRequest<readonly Readonly<Record<string, unknown>>[]> {
  const sort = attributes.sort as [string, 'asc' | 'desc'][];
  return {
    body: {
      size: attributes.sampleSize,
      query: queryOf(selection),
      sort: sort.map(([field, order]) => ({ [field]: { order } })),
      _source: attributes.columns,
    },
    read: ({ hits }) => hits.hits.map((hit) => hit._source),
  };
}

function queryOf({ timeField, from, to, chosen }: Selection): object {
  const range = { [timeField]: { gte: from, lte: to, format: 'strict_date_optional_time' } };
  const terms = Object.entries(chosen).map(([field, values]) => ({ terms: { [field]: values } }));
  return { bool: { filter: [{ range }, ...terms] } };
}

function accessorOf({ state: { visualization } }: LensAttributes): string {
  return 'metricAccessor' in visualization
    ? visualization.metricAccessor
    : visualization.layers[0].accessors[0];
}

/** The aggregations of all measures; an unfiltered count needs none. */
function aggregationsOf(columns: Readonly<Record<string, LensColumn>>): Record<string, object> {
  const aggregations = Object.entries(columns).flatMap(([id, column]): [string, object][] => {
    if (column.operationType === 'sum') return [[id, { sum: { field: column.sourceField } }]];
    if (column.operationType === 'count' && column.filter) return [[id, { filter: parseKql(column.filter) }]];
    return [];
  });
  return Object.fromEntries(aggregations);
}

function bucketAggregation(
  column: BucketColumn,
  columns: Readonly<Record<string, LensColumn>>,
  { timeField, from, to }: Selection,
): object {
  switch (column.operationType) {
    case 'filters':
      return { filters: { filters: column.params.filters.map(({ input }) => parseKql(input)) } };
    case 'range': {
      const ranges = column.params.ranges.map((r) => ({ from: r.from, ...(r.to !== null && { to: r.to }) }));
      return { range: { field: column.sourceField, ranges } };
    }
    case 'terms': {
      const { size, orderBy, orderDirection } = column.params;
      const by = columns[orderBy.columnId];
      if (by?.operationType !== 'sum' && !(by?.operationType === 'count' && !by.filter)) {
        throw new Error(`terms ordered by column ${orderBy.columnId} are not understood`);
      }
      const order = { [by.operationType === 'sum' ? orderBy.columnId : '_count']: orderDirection };
      return { terms: { field: column.sourceField, size, order } };
    }
    case 'date_histogram':
      return {
        date_histogram: {
          field: column.sourceField,
          calendar_interval: column.params.interval,
          time_zone: 'UTC',
          min_doc_count: 0,
          // Only what the time picker cuts is drawn to both ends of the time range.
          ...(column.sourceField === timeField && {
            extended_bounds: { min: Date.parse(from), max: Date.parse(to) },
          }),
        },
      };
  }
}

interface ListedBucket extends Bucket {
  readonly key: string | number;
  readonly key_as_string?: string;
}

function labelOf(column: BucketColumn, bucket: ListedBucket, n: number): string {
  switch (column.operationType) {
    case 'filters':
      return column.params.filters[n]?.label ?? '';
    case 'range':
      return column.params.ranges[n]?.label ?? '';
    case 'terms':
      return String(bucket.key);
    case 'date_histogram':
      return String(bucket.key_as_string).slice(0, 10);
  }
}

function measured(id: string, columns: Readonly<Record<string, LensColumn>>, bucket: Bucket): number | null {
  const column = columns[id];
  switch (column?.operationType) {
    case 'count':
      return (column.filter ? (bucket[id] as Bucket) : bucket).doc_count ?? 0;
    case 'sum':
      return (bucket[id] as { value: number }).value;
    case 'formula':
      return measured(column.references[0], columns, bucket);
    case 'math': {
      const [dividend, divisor] = column.params.tinymathAst.args.map((arg) => measured(arg, columns, bucket));
      return dividend == null || !divisor ? null : dividend / divisor;
    }
    default:
      throw new Error(`column ${id} is no measure`);
  }
}

/** Kibana's query language, as much of it as this dashboard uses: `views >= 1 and carts >= 1`. */
function parseKql({ query }: Kql): object {
  const filter = query.split(' and ').map((part) => {
    const [, field, minimum] = /^([a-z][a-z0-9_]*) >= (\d+)$/.exec(part) ?? [];
    if (!field) throw new Error(`"${part}" is not understood`);
    return { range: { [field]: { gte: Number(minimum) } } };
  });
  return { bool: { filter } };
}
