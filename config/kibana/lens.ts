import { bucketColumn, measureColumn, metricColumns } from './lens-columns.ts';
import type { LensAttributes, LensColumn, Reference, Visualization } from './lens-types.ts';
import type { Bars, DashboardSource, Metric, Panel } from './source.ts';

/** Colours of Kibana's own palette. */
export const COLORS: Record<Bars['color'], string> = {
  blue: '#6092c0',
  green: '#54b399',
};

/** What Kibana saves as the `attributes` of a Lens panel that lives in a dashboard. */
export function lensAttributes(panel: Panel, { dataView }: DashboardSource): LensAttributes {
  const layerId = `${panel.id}-layer`;
  const { columns, visualization } = panel.bars
    ? barsOf(panel.bars, panel.id, layerId, dataView)
    : metricOf(panel.metric, panel.id, layerId);
  return {
    title: panel.title,
    description: panel.description,
    type: 'lens',
    visualizationType: visualization.visualizationType,
    references: [dataViewReference(dataView.id, `indexpattern-datasource-layer-${layerId}`)],
    state: {
      visualization: visualization.state,
      query: { query: '', language: 'kuery' },
      filters: [],
      datasourceStates: {
        formBased: {
          layers: {
            [layerId]: {
              columnOrder: Object.keys(columns),
              columns,
              incompleteColumns: {},
              sampling: 1,
              ignoreGlobalFilters: false,
            },
          },
        },
        indexpattern: { layers: {} },
        textBased: { layers: {} },
      },
      internalReferences: [],
      adHocDataViews: {},
    },
  };
}

/** A reference to the data view. */
export function dataViewReference(id: string, name: string): Reference {
  return { type: 'index-pattern', id, name };
}

interface Drawing {
  readonly columns: Record<string, LensColumn>;
  readonly visualization: Visualization;
}

function metricOf(metric: Metric | undefined, id: string, layerId: string): Drawing {
  if (!metric) throw new Error(`panel ${id} is no Lens panel`);
  return {
    columns: metricColumns(id, metric),
    visualization: {
      visualizationType: 'lnsMetric',
      state: { layerId, layerType: 'data', metricAccessor: id },
    },
  };
}

function barsOf(bars: Bars, id: string, layerId: string, dataView: DashboardSource['dataView']): Drawing {
  const { by, value } = bars;
  const labelOf = (field: string) => dataView.fields[field]?.label ?? field;
  const bucketLabel =
    'steps' in by ? 'Step' : labelOf('values' in by ? by.values : 'ranges' in by ? by.ranges : by.weeks);
  const valueId = `${id}-value`;
  const bucketId = `${id}-by`;
  const horizontal = bars.direction === 'horizontal';
  const seriesType = horizontal ? 'bar_horizontal' : 'bar';
  const hasFewBars = !('weeks' in by);
  return {
    columns: {
      [bucketId]: bucketColumn(by, bucketLabel, valueId, dataView.timeField),
      [valueId]: measureColumn(value, 'sum' in value ? labelOf(value.sum) : dataView.name, 'count'),
    },
    visualization: {
      visualizationType: 'lnsXY',
      state: {
        preferredSeriesType: seriesType,
        layers: [
          {
            layerId,
            layerType: 'data',
            seriesType,
            xAccessor: bucketId,
            accessors: [valueId],
            yConfig: [{ forAccessor: valueId, color: COLORS[bars.color] }],
          },
        ],
        legend: { isVisible: false, position: 'right' },
        valueLabels: hasFewBars ? 'show' : 'hide',
        fittingFunction: 'None',
        axisTitlesVisibilitySettings: { x: false, yLeft: false, yRight: false },
        tickLabelsVisibilitySettings: { x: true, yLeft: !hasFewBars, yRight: false },
        gridlinesVisibilitySettings: { x: false, yLeft: !hasFewBars, yRight: false },
        labelsOrientation: { x: 0, yLeft: 0, yRight: 0 },
      },
    },
  };
}
