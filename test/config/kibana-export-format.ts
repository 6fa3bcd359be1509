import { z } from 'zod';
import { empty, id, kql, lens, noFilter, reference } from './kibana-lens-format.ts';

/**
 * The structure of what Kibana 8.19 exports, as far as the project makes use of it: the attributes that its
 * saved object types accept, and how the dashboards that Elastic's integrations carry for 8.19 are put
 * together. Strict: a key that is not named is an error.
 */

/** JSON that Kibana keeps as text. */
const json = <T extends z.ZodType>(schema: T) =>
  z
    .string()
    .transform((text) => JSON.parse(text))
    .pipe(schema);

const panelBase = {
  title: z.string().min(1),
  panelIndex: id,
  gridData: z.strictObject({ x: z.int(), y: z.int(), w: z.int(), h: z.int(), i: id }),
};
const embeddable = {
  description: z.string().min(1),
  enhancements: z.strictObject({ dynamicActions: z.strictObject({ events: z.tuple([]) }) }),
  hidePanelTitles: z.literal(false),
};
const panel = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('lens'),
    ...panelBase,
    embeddableConfig: z.strictObject({ attributes: lens, ...embeddable }),
  }),
  z.strictObject({
    type: z.literal('search'),
    ...panelBase,
    embeddableConfig: z.strictObject(embeddable),
    panelRefName: z.string().min(1),
  }),
]);

const control = z.strictObject({
  type: z.literal('optionsListControl'),
  order: z.int().min(0),
  grow: z.boolean(),
  width: z.enum(['small', 'medium', 'large']),
  explicitInput: z.strictObject({
    dataViewId: id,
    fieldName: id,
    title: z.string().min(1),
    searchTechnique: z.enum(['prefix', 'wildcard', 'exact']),
    selectedOptions: z.tuple([]),
    sort: z.strictObject({ by: z.enum(['_count', '_key']), direction: z.enum(['asc', 'desc']) }),
  }),
});

const base = { coreMigrationVersion: z.literal('8.8.0'), id, managed: z.literal(false) };

export const savedObject = z.discriminatedUnion('type', [
  z.strictObject({
    ...base,
    type: z.literal('index-pattern'),
    typeMigrationVersion: z.literal('8.0.0'),
    references: noFilter,
    attributes: z.strictObject({
      allowHidden: z.boolean(),
      fieldAttrs: json(
        z.record(
          id,
          // Kibana's editor takes no longer description than this.
          z.strictObject({
            customLabel: z.string().min(1),
            customDescription: z.string().min(1).max(300),
          }),
        ),
      ),
      fieldFormatMap: json(
        z.record(
          id,
          z.strictObject({
            id: z.literal('number'),
            params: z.strictObject({ pattern: z.string().regex(/^0(,0)?(\.0+)?$/) }),
          }),
        ),
      ),
      fields: z.literal('[]'),
      name: z.string().min(1),
      runtimeFieldMap: z.literal('{}'),
      sourceFilters: z.literal('[]'),
      timeFieldName: id,
      title: z.string().min(1),
    }),
  }),
  z.strictObject({
    ...base,
    type: z.literal('search'),
    typeMigrationVersion: z.literal('10.5.0'),
    references: z.array(reference),
    attributes: z.strictObject({
      columns: z.array(id).min(1),
      description: z.string().min(1),
      grid: empty,
      hideChart: z.boolean(),
      isTextBasedQuery: z.literal(false),
      kibanaSavedObjectMeta: z.strictObject({
        searchSourceJSON: json(
          z.strictObject({
            query: kql,
            filter: noFilter,
            indexRefName: z.literal('kibanaSavedObjectMeta.searchSourceJSON.index'),
          }),
        ),
      }),
      rowsPerPage: z.int().min(1).max(10_000),
      sampleSize: z.int().min(10).max(10_000),
      sort: z.array(z.tuple([id, z.enum(['asc', 'desc'])])).min(1),
      timeRestore: z.literal(false),
      title: z.string().min(1),
      usesAdHocDataView: z.literal(false),
    }),
  }),
  z.strictObject({
    ...base,
    type: z.literal('dashboard'),
    typeMigrationVersion: z.literal('10.2.0'),
    references: z.array(reference).min(1),
    attributes: z.strictObject({
      controlGroupInput: z.strictObject({
        chainingSystem: z.enum(['HIERARCHICAL', 'NONE']),
        controlStyle: z.enum(['oneLine', 'twoLine']),
        ignoreParentSettingsJSON: json(
          z.strictObject({
            ignoreFilters: z.boolean(),
            ignoreQuery: z.boolean(),
            ignoreTimerange: z.boolean(),
            ignoreValidations: z.boolean(),
          }),
        ),
        panelsJSON: json(z.record(id, control)),
        showApplySelections: z.boolean(),
      }),
      description: z.string().min(1),
      kibanaSavedObjectMeta: z.strictObject({
        searchSourceJSON: json(z.strictObject({ query: kql, filter: noFilter })),
      }),
      optionsJSON: json(
        z.strictObject({
          useMargins: z.boolean(),
          syncColors: z.boolean(),
          syncCursor: z.boolean(),
          syncTooltips: z.boolean(),
          hidePanelTitles: z.boolean(),
        }),
      ),
      panelsJSON: json(z.array(panel).min(1)),
      refreshInterval: z.strictObject({ pause: z.boolean(), value: z.int() }),
      timeFrom: z.string().min(1),
      timeRestore: z.literal(true),
      timeTo: z.string().min(1),
      title: z.string().min(1),
      version: z.int(),
    }),
  }),
]);

/** An object with all JSON in it read. */
export type ExportedObject = z.output<typeof savedObject>;
