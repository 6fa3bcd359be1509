/**
 * The columns of a Lens panel, as far as this dashboard uses them, in the form in which Kibana 8.19 saves
 * them.
 */

/** A query in Kibana's query language. */
export interface Kql {
  readonly query: string;
  readonly language: 'kuery';
}

/** How a number is shown. */
export interface NumberFormat {
  readonly id: 'number' | 'percent';
  readonly params: { readonly decimals: number };
}

interface Column {
  readonly label: string;
  readonly customLabel: true;
  readonly isBucketed: boolean;
}

interface MetricColumn extends Column {
  readonly dataType: 'number';
  readonly scale: 'ratio';
}

export interface CountColumn extends MetricColumn {
  readonly operationType: 'count';
  readonly sourceField: '___records___';
  readonly params: { readonly emptyAsNull: false; readonly format?: NumberFormat };
  readonly filter?: Kql;
}

export interface SumColumn extends MetricColumn {
  readonly operationType: 'sum';
  readonly sourceField: string;
  readonly params: { readonly emptyAsNull: false; readonly format?: NumberFormat };
}

/** What a person sees of a formula; its only reference is the {@link MathColumn} that computes it. */
export interface FormulaColumn extends MetricColumn {
  readonly operationType: 'formula';
  readonly params: {
    readonly formula: string;
    readonly isFormulaBroken: false;
    readonly format: NumberFormat;
  };
  readonly references: readonly [string];
}

/** A quotient of two other columns. */
export interface MathColumn extends MetricColumn {
  readonly operationType: 'math';
  readonly params: {
    readonly tinymathAst: {
      readonly type: 'function';
      readonly name: 'divide';
      readonly args: readonly [string, string];
      readonly location: { readonly min: 0; readonly max: number };
      readonly text: string;
    };
  };
  readonly references: readonly [string, string];
}

export interface TermsColumn extends Column {
  readonly operationType: 'terms';
  readonly dataType: 'string';
  readonly scale: 'ordinal';
  readonly sourceField: string;
  readonly params: {
    readonly size: number;
    readonly orderBy: { readonly type: 'column'; readonly columnId: string };
    readonly orderDirection: 'desc';
    readonly otherBucket: false;
    readonly missingBucket: false;
    readonly parentFormat: { readonly id: 'terms' };
    readonly include: readonly [];
    readonly exclude: readonly [];
    readonly includeIsRegex: false;
    readonly excludeIsRegex: false;
  };
}

export interface FiltersColumn extends Column {
  readonly operationType: 'filters';
  readonly dataType: 'string';
  readonly scale: 'ordinal';
  readonly params: { readonly filters: readonly { readonly label: string; readonly input: Kql }[] };
}

export interface RangeColumn extends Column {
  readonly operationType: 'range';
  readonly dataType: 'string';
  readonly scale: 'ordinal';
  readonly sourceField: string;
  readonly params: {
    readonly type: 'range';
    /** `from` belongs to the range, `to` does not; null is without limit. */
    readonly ranges: readonly {
      readonly from: number;
      readonly to: number | null;
      readonly label: string;
    }[];
    readonly maxBars: 'auto';
    readonly parentFormat: {
      readonly id: 'range';
      readonly params: { readonly template: 'arrow_right'; readonly replaceInfinity: true };
    };
  };
}

export interface DateHistogramColumn extends Column {
  readonly operationType: 'date_histogram';
  readonly dataType: 'date';
  readonly scale: 'interval';
  readonly sourceField: string;
  readonly params: {
    readonly interval: '1w';
    readonly includeEmptyRows: true;
    readonly dropPartials: false;
    readonly ignoreTimeRange: boolean;
  };
}

export type BucketColumn = TermsColumn | FiltersColumn | RangeColumn | DateHistogramColumn;
export type LensColumn = CountColumn | SumColumn | FormulaColumn | MathColumn | BucketColumn;

/** How a Lens panel draws its columns. */
export type Visualization =
  | {
      readonly visualizationType: 'lnsMetric';
      readonly state: {
        readonly layerId: string;
        readonly layerType: 'data';
        readonly metricAccessor: string;
      };
    }
  | { readonly visualizationType: 'lnsXY'; readonly state: XyState };

export interface XyState {
  readonly preferredSeriesType: 'bar' | 'bar_horizontal';
  readonly layers: readonly [
    {
      readonly layerId: string;
      readonly layerType: 'data';
      readonly seriesType: 'bar' | 'bar_horizontal';
      readonly xAccessor: string;
      readonly accessors: readonly [string];
      readonly yConfig: readonly [{ readonly forAccessor: string; readonly color: string }];
    },
  ];
  readonly legend: { readonly isVisible: false; readonly position: 'right' };
  readonly valueLabels: 'show' | 'hide';
  readonly fittingFunction: 'None';
  readonly axisTitlesVisibilitySettings: AxisSettings;
  readonly tickLabelsVisibilitySettings: AxisSettings;
  readonly gridlinesVisibilitySettings: AxisSettings;
  readonly labelsOrientation: { readonly x: 0; readonly yLeft: 0; readonly yRight: 0 };
}

interface AxisSettings {
  readonly x: boolean;
  readonly yLeft: boolean;
  readonly yRight: boolean;
}

/** A reference of one saved object to another. */
export interface Reference {
  readonly type: 'index-pattern' | 'search';
  readonly id: string;
  readonly name: string;
}

/** What a Lens panel shows, with its one layer. */
export interface LensAttributes {
  readonly title: string;
  readonly description: string;
  readonly type: 'lens';
  readonly visualizationType: Visualization['visualizationType'];
  readonly references: readonly Reference[];
  readonly state: {
    readonly visualization: Visualization['state'];
    readonly query: Kql;
    readonly filters: readonly [];
    readonly datasourceStates: {
      readonly formBased: { readonly layers: Readonly<Record<string, LensLayer>> };
      readonly indexpattern: { readonly layers: Record<string, never> };
      readonly textBased: { readonly layers: Record<string, never> };
    };
    readonly internalReferences: readonly [];
    readonly adHocDataViews: Record<string, never>;
  };
}

export interface LensLayer {
  readonly columnOrder: readonly string[];
  readonly columns: Readonly<Record<string, LensColumn>>;
  readonly incompleteColumns: Record<string, never>;
  readonly sampling: 1;
  readonly ignoreGlobalFilters: false;
}
