import { z } from 'zod';

/** The Lens panels of what Kibana 8.19 exports, see kibana-export-format.ts. */

export const id = z.string().regex(/^[A-Za-z0-9_-]+$/);
export const kql = z.strictObject({ query: z.string(), language: z.literal('kuery') });
export const noFilter = z.tuple([]);
export const empty = z.strictObject({});

export const reference = z.strictObject({
  type: z.enum(['index-pattern', 'search']),
  id,
  name: z.string().min(1),
});

const metricColumn = {
  label: z.string().min(1),
  customLabel: z.literal(true),
  dataType: z.literal('number'),
  isBucketed: z.literal(false),
  scale: z.literal('ratio'),
};
const bucketColumn = {
  label: z.string().min(1),
  customLabel: z.literal(true),
  isBucketed: z.literal(true),
};
const numberFormat = z.strictObject({
  id: z.enum(['number', 'percent']),
  params: z.strictObject({ decimals: z.int().min(0).max(10) }),
});
const aggregationParams = z.strictObject({ emptyAsNull: z.boolean(), format: numberFormat.optional() });

const lensColumn = z.discriminatedUnion('operationType', [
  z.strictObject({
    ...metricColumn,
    operationType: z.literal('count'),
    sourceField: z.literal('___records___'),
    params: aggregationParams,
    filter: kql.optional(),
  }),
  z.strictObject({
    ...metricColumn,
    operationType: z.literal('sum'),
    sourceField: id,
    params: aggregationParams,
  }),
  z.strictObject({
    ...metricColumn,
    operationType: z.literal('formula'),
    params: z.strictObject({
      formula: z.string().min(1),
      isFormulaBroken: z.literal(false),
      format: numberFormat,
    }),
    references: z.array(id).length(1),
  }),
  z.strictObject({
    ...metricColumn,
    operationType: z.literal('math'),
    params: z.strictObject({
      tinymathAst: z.strictObject({
        type: z.literal('function'),
        name: z.literal('divide'),
        args: z.array(id).length(2),
        location: z.strictObject({ min: z.int(), max: z.int() }),
        text: z.string(),
      }),
    }),
    references: z.array(id).length(2),
  }),
  z.strictObject({
    ...bucketColumn,
    operationType: z.literal('terms'),
    dataType: z.literal('string'),
    scale: z.literal('ordinal'),
    sourceField: id,
    params: z.strictObject({
      size: z.int().min(1).max(1000),
      orderBy: z.strictObject({ type: z.literal('column'), columnId: id }),
      orderDirection: z.enum(['asc', 'desc']),
      otherBucket: z.boolean(),
      missingBucket: z.boolean(),
      parentFormat: z.strictObject({ id: z.literal('terms') }),
      include: z.array(z.string()),
      exclude: z.array(z.string()),
      includeIsRegex: z.boolean(),
      excludeIsRegex: z.boolean(),
    }),
  }),
  z.strictObject({
    ...bucketColumn,
    operationType: z.literal('filters'),
    dataType: z.literal('string'),
    scale: z.literal('ordinal'),
    params: z.strictObject({
      filters: z.array(z.strictObject({ label: z.string(), input: kql })).min(1),
    }),
  }),
  z.strictObject({
    ...bucketColumn,
    operationType: z.literal('range'),
    // Custom ranges are strings on an ordinal axis; only a histogram is a number on an interval axis.
    dataType: z.literal('string'),
    scale: z.literal('ordinal'),
    sourceField: id,
    params: z.strictObject({
      type: z.literal('range'),
      ranges: z
        .array(z.strictObject({ from: z.number(), to: z.number().nullable(), label: z.string() }))
        .min(1),
      maxBars: z.literal('auto'),
      parentFormat: z.strictObject({
        id: z.literal('range'),
        params: z.strictObject({ template: z.literal('arrow_right'), replaceInfinity: z.literal(true) }),
      }),
    }),
  }),
  z.strictObject({
    ...bucketColumn,
    operationType: z.literal('date_histogram'),
    dataType: z.literal('date'),
    scale: z.literal('interval'),
    sourceField: id,
    params: z.strictObject({
      interval: z.string().regex(/^(auto|1[wMqy]|\d+[smhd])$/),
      includeEmptyRows: z.boolean(),
      dropPartials: z.boolean(),
      ignoreTimeRange: z.boolean(),
    }),
  }),
]);

const axes = z.strictObject({ x: z.boolean(), yLeft: z.boolean(), yRight: z.boolean() });
const seriesType = z.enum(['bar', 'bar_horizontal', 'bar_stacked', 'line', 'area']);
const metricState = z.strictObject({ layerId: id, layerType: z.literal('data'), metricAccessor: id });
const xyState = z.strictObject({
  preferredSeriesType: seriesType,
  layers: z
    .array(
      z.strictObject({
        layerId: id,
        layerType: z.literal('data'),
        seriesType,
        xAccessor: id,
        accessors: z.array(id).min(1),
        yConfig: z.array(z.strictObject({ forAccessor: id, color: z.string().regex(/^#[0-9a-f]{6}$/) })),
      }),
    )
    .length(1),
  legend: z.strictObject({ isVisible: z.boolean(), position: z.enum(['right', 'bottom', 'left', 'top']) }),
  valueLabels: z.enum(['show', 'hide']),
  fittingFunction: z.enum(['None', 'Linear', 'Zero']),
  axisTitlesVisibilitySettings: axes,
  tickLabelsVisibilitySettings: axes,
  gridlinesVisibilitySettings: axes,
  labelsOrientation: z.strictObject({ x: z.number(), yLeft: z.number(), yRight: z.number() }),
});

const lensState = <T extends z.ZodType>(visualization: T) =>
  z.strictObject({
    visualization,
    query: kql,
    filters: noFilter,
    datasourceStates: z.strictObject({
      formBased: z.strictObject({
        layers: z.record(
          id,
          z.strictObject({
            columnOrder: z.array(id).min(1),
            columns: z.record(id, lensColumn),
            incompleteColumns: empty,
            sampling: z.literal(1),
            ignoreGlobalFilters: z.literal(false),
          }),
        ),
      }),
      indexpattern: z.strictObject({ layers: empty }),
      textBased: z.strictObject({ layers: empty }),
    }),
    internalReferences: noFilter,
    adHocDataViews: empty,
  });

const lensBase = {
  title: z.string().min(1),
  description: z.string().min(1),
  type: z.literal('lens'),
  references: z.array(reference).min(1),
};
/** The `attributes` of a Lens panel that lives in a dashboard. */
export const lens = z.discriminatedUnion('visualizationType', [
  z.strictObject({
    ...lensBase,
    visualizationType: z.literal('lnsMetric'),
    state: lensState(metricState),
  }),
  z.strictObject({ ...lensBase, visualizationType: z.literal('lnsXY'), state: lensState(xyState) }),
]);
