import { dataViewReference, lensAttributes } from './lens.ts';
import type { LensAttributes, Reference } from './lens-types.ts';
import { type DashboardSource, type Panel, readSource } from './source.ts';

/**
 * An object as Kibana 8.19 exports it. JSON inside of JSON is text there: `panelsJSON`, `searchSourceJSON`
 * and the like. Kibana refuses an object of a `typeMigrationVersion` above the one that it knows itself and
 * carries an older one over; these are the versions that packages for Kibana 8.19 and 9 carry.
 */
export interface SavedObject {
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly coreMigrationVersion: '8.8.0';
  readonly id: string;
  readonly managed: false;
  readonly references: readonly Reference[];
  readonly type: 'index-pattern' | 'search' | 'dashboard';
  readonly typeMigrationVersion: string;
}

const VERSIONS: Record<SavedObject['type'], string> = {
  'index-pattern': '8.0.0',
  search: '10.5.0',
  dashboard: '10.2.0',
};

const EVERYTHING = { query: '', language: 'kuery' };
const SEARCH_DATA_VIEW = 'kibanaSavedObjectMeta.searchSourceJSON.index';

/** The file that Kibana imports, made of a dataset's `kibana.yml`, with the data view over `index`. */
export async function dashboardFile(source: string, index: string): Promise<Buffer> {
  return Buffer.from(
    savedObjects(await readSource(source), index)
      .map((object) => `${JSON.stringify(object)}\n`)
      .join(''),
  );
}

/** Data view, sessions and dashboard, each after those that it refers to. */
export function savedObjects(source: DashboardSource, index: string): SavedObject[] {
  return [dataView(source, index), ...source.panels.flatMap((p) => session(p, source)), dashboard(source)];
}

function object(
  type: SavedObject['type'],
  id: string,
  attributes: SavedObject['attributes'],
  references: readonly Reference[],
): SavedObject {
  return {
    attributes,
    coreMigrationVersion: '8.8.0',
    id,
    managed: false,
    references,
    type,
    typeMigrationVersion: VERSIONS[type],
  };
}

function dataView(
  { dataView: { id, name, timeField, fields } }: DashboardSource,
  index: string,
): SavedObject {
  const shown = Object.entries(fields).map(([field, { label, description }]) => [
    field,
    { customLabel: label, customDescription: description },
  ]);
  const formats = Object.entries(fields).flatMap(([field, { format }]) =>
    format ? [[field, { id: 'number', params: { pattern: format } }]] : [],
  );
  return object(
    'index-pattern',
    id,
    {
      allowHidden: false,
      fieldAttrs: JSON.stringify(Object.fromEntries(shown)),
      fieldFormatMap: JSON.stringify(Object.fromEntries(formats)),
      fields: '[]',
      name,
      runtimeFieldMap: '{}',
      sourceFilters: '[]',
      timeFieldName: timeField,
      title: index,
    },
    [],
  );
}

/** A panel of rows is a Discover session of its own, to which the dashboard refers. */
function session(panel: Panel, { dataView, dashboard }: DashboardSource): SavedObject[] {
  if (!panel.rows) return [];
  const { columns, sort, count } = panel.rows;
  const attributes = {
    columns,
    description: panel.description,
    grid: {},
    hideChart: true,
    isTextBasedQuery: false,
    kibanaSavedObjectMeta: {
      searchSourceJSON: JSON.stringify({
        query: EVERYTHING,
        filter: [],
        indexRefName: SEARCH_DATA_VIEW,
      }),
    },
    rowsPerPage: 10,
    sampleSize: count,
    sort,
    timeRestore: false,
    title: `${dashboard.title}: ${panel.title}`,
    usesAdHocDataView: false,
  };
  return [
    object('search', sessionId(panel, dashboard), attributes, [
      dataViewReference(dataView.id, SEARCH_DATA_VIEW),
    ]),
  ];
}

function sessionId(panel: Panel, dashboard: DashboardSource['dashboard']): string {
  return `${dashboard.id}-${panel.id}`;
}

function dashboard(source: DashboardSource): SavedObject {
  const { id, title, description, time } = source.dashboard;
  const panels = source.panels.map((panel) => dashboardPanel(panel, source));
  return object(
    'dashboard',
    id,
    {
      controlGroupInput: {
        chainingSystem: 'HIERARCHICAL',
        controlStyle: 'oneLine',
        ignoreParentSettingsJSON: JSON.stringify({
          ignoreFilters: false,
          ignoreQuery: false,
          ignoreTimerange: false,
          ignoreValidations: false,
        }),
        panelsJSON: JSON.stringify(controls(source)),
        showApplySelections: false,
      },
      description,
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify({ query: EVERYTHING, filter: [] }) },
      optionsJSON: JSON.stringify({
        useMargins: true,
        syncColors: false,
        syncCursor: true,
        syncTooltips: false,
        hidePanelTitles: false,
      }),
      panelsJSON: JSON.stringify(panels.map(({ panel }) => panel)),
      refreshInterval: { pause: true, value: 60_000 },
      timeFrom: time.from,
      timeRestore: true,
      timeTo: time.to,
      title,
      version: 3,
    },
    [
      ...panels.flatMap(({ references }) => references),
      ...source.controls.map(({ field }) =>
        dataViewReference(source.dataView.id, `controlGroup_${field}:optionsListDataView`),
      ),
    ],
  );
}

function controls({ controls, dataView }: DashboardSource): Record<string, unknown> {
  const entries = controls.map(({ field, title }, order) => [
    field,
    {
      type: 'optionsListControl',
      order,
      grow: true,
      width: 'medium',
      explicitInput: {
        dataViewId: dataView.id,
        fieldName: field,
        title,
        searchTechnique: 'prefix',
        selectedOptions: [],
        sort: { by: '_count', direction: 'desc' },
      },
    },
  ]);
  return Object.fromEntries(entries);
}

/** A panel as it stands in `panelsJSON`. */
export interface DashboardPanel {
  readonly type: 'lens' | 'search';
  readonly title: string;
  readonly panelIndex: string;
  readonly gridData: {
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
    readonly i: string;
  };
  readonly embeddableConfig: {
    readonly attributes?: LensAttributes;
    readonly description: string;
    readonly enhancements: { readonly dynamicActions: { readonly events: readonly [] } };
    readonly hidePanelTitles: false;
  };
  /** `panel_<panelIndex>`; the dashboard has the reference under `<panelIndex>:panel_<panelIndex>`. */
  readonly panelRefName?: string;
}

function dashboardPanel(
  panel: Panel,
  source: DashboardSource,
): { panel: DashboardPanel; references: readonly Reference[] } {
  const [x, y, w, h] = panel.at;
  const common = {
    title: panel.title,
    panelIndex: panel.id,
    gridData: { x, y, w, h, i: panel.id },
  };
  const config = {
    description: panel.description,
    enhancements: { dynamicActions: { events: [] } },
    hidePanelTitles: false,
  } as const;
  if (panel.rows) {
    const panelRefName = `panel_${panel.id}`;
    return {
      panel: { type: 'search', ...common, embeddableConfig: config, panelRefName },
      references: [
        { type: 'search', id: sessionId(panel, source.dashboard), name: `${panel.id}:${panelRefName}` },
      ],
    };
  }
  const attributes = lensAttributes(panel, source);
  return {
    panel: { type: 'lens', ...common, embeddableConfig: { attributes, ...config } },
    references: attributes.references.map((r) => ({ ...r, name: `${panel.id}:${r.name}` })),
  };
}
