import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { dashboardFile } from '../../config/kibana/saved-objects.ts';
import { readSource } from '../../config/kibana/source.ts';
import { type ExportedObject, savedObject } from './kibana-export-format.ts';

const DATASET = join(import.meta.dirname, '../../config/datasets/electronics');
const SOURCE_FILE = join(DATASET, 'kibana.yml');
const COMMITTED = join(DATASET, 'kibana.ndjson');
const GRID = 48;

const text = await readFile(COMMITTED, 'utf8');
const lines = text.split('\n').slice(0, -1);
const objects: ExportedObject[] = lines.map((line) => savedObject.parse(JSON.parse(line)));

function only<T extends ExportedObject['type']>(type: T): Extract<ExportedObject, { type: T }> {
  const found = objects.filter((o): o is Extract<ExportedObject, { type: T }> => o.type === type);
  expect(found).toHaveLength(1);
  return found[0] as Extract<ExportedObject, { type: T }>;
}

const dataView = only('index-pattern');
const dashboard = only('dashboard');
const session = only('search');
const panels = dashboard.attributes.panelsJSON;
const controls = Object.entries(dashboard.attributes.controlGroupInput.panelsJSON);
const fields = Object.keys(dataView.attributes.fieldAttrs);

describe('config/datasets/electronics/kibana.ndjson', () => {
  test('is what config/kibana/build.ts makes of the sources', async () => {
    expect((await dashboardFile(SOURCE_FILE, 'customer-profiles')).toString()).toBe(text);
  });

  test('is one object a line, ends in a line feed, and has no id twice', () => {
    expect(text.endsWith('}\n')).toBe(true);
    expect(lines).toHaveLength(3);
    expect(new Set(objects.map(({ id }) => id)).size).toBe(3);
  });

  test('every reference is to an object of the file that stands before it', () => {
    for (const [n, { references }] of objects.entries()) {
      for (const { type, id } of references) {
        expect(objects.slice(0, n)).toContainEqual(expect.objectContaining({ type, id }));
      }
    }
  });

  test('the data view is over the alias, and only that differs for another one', async () => {
    expect(dataView.attributes).toMatchObject({ title: 'customer-profiles', timeFieldName: 'last_seen' });
    const other = (await dashboardFile(SOURCE_FILE, 'profiles-of-another-shop')).toString();
    expect(other).not.toBe(text);
    expect(other.replace('"title":"profiles-of-another-shop"', '"title":"customer-profiles"')).toBe(text);
  });
});

describe('the dashboard', () => {
  test('refers to all that its panels and controls need, under the names by which Kibana looks for it, and to nothing else', () => {
    const ofPanels = panels.flatMap((panel) =>
      panel.type === 'search'
        ? [{ type: 'search', id: session.id, name: `${panel.panelIndex}:${panel.panelRefName}` }]
        : panel.embeddableConfig.attributes.references.map((r) => ({
            ...r,
            name: `${panel.panelIndex}:${r.name}`,
          })),
    );
    const ofControls = controls.map(([id]) => ({
      type: 'index-pattern',
      id: dataView.id,
      name: `controlGroup_${id}:optionsListDataView`,
    }));
    expect(dashboard.references).toEqual([...ofPanels, ...ofControls]);
    expect(session.references).toEqual([
      { type: 'index-pattern', id: dataView.id, name: 'kibanaSavedObjectMeta.searchSourceJSON.index' },
    ]);
  });

  test('has controls for segment, brand and category, side by side', () => {
    expect(controls.map(([id, { order, explicitInput }]) => [order, id, explicitInput.fieldName])).toEqual([
      [0, 'segment', 'segment'],
      [1, 'favourite_brand', 'favourite_brand'],
      [2, 'favourite_category', 'favourite_category'],
    ]);
    for (const [, { explicitInput }] of controls) expect(explicitInput.dataViewId).toBe(dataView.id);
  });

  test('shows all of the dataset when it is opened', () => {
    expect(dashboard.attributes).toMatchObject({
      timeRestore: true,
      timeFrom: '2020-09-24T00:00:00.000Z',
      timeTo: '2021-02-28T23:59:59.999Z',
    });
  });

  test('its panels fill the grid from edge to edge, and no two share a place', () => {
    const taken = new Set<string>();
    for (const { gridData, panelIndex } of panels) {
      expect(gridData.i).toBe(panelIndex);
      for (let x = gridData.x; x < gridData.x + gridData.w; x++) {
        for (let y = gridData.y; y < gridData.y + gridData.h; y++) {
          expect(x).toBeLessThan(GRID);
          expect([panelIndex, x, y, taken.has(`${x},${y}`)]).toEqual([panelIndex, x, y, false]);
          taken.add(`${x},${y}`);
        }
      }
    }
    const height = Math.max(...panels.map(({ gridData: { y, h } }) => y + h));
    expect(taken.size).toBe(GRID * height);
  });

  test('every panel has a name of its own and says what its numbers are', () => {
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    expect(new Set(panels.map(({ panelIndex }) => panelIndex)).size).toBe(panels.length);
    for (const { embeddableConfig: config } of panels) {
      expect(config.description).toMatch(/^[A-Z].{30,}\.$/s);
    }
    expect(session.attributes.columns.filter((column) => !fields.includes(column))).toEqual([]);
  });
});

describe.each(panels.flatMap((panel) => (panel.type === 'lens' ? [[panel.title, panel] as const] : [])))(
  'the Lens panel "%s"',
  (title, { embeddableConfig: { attributes, description } }) => {
    const layers = Object.entries(attributes.state.datasourceStates.formBased.layers);
    const columns = layers[0]?.[1].columns ?? {};

    test('has one layer, with its data view and its columns in order', () => {
      expect(layers).toHaveLength(1);
      expect(attributes.references).toEqual([
        { type: 'index-pattern', id: dataView.id, name: `indexpattern-datasource-layer-${layers[0]?.[0]}` },
      ]);
      expect(layers[0]?.[1].columnOrder).toEqual(Object.keys(columns));
      expect(attributes).toMatchObject({ title, description });
    });

    test('draws columns that there are', () => {
      const layerId = layers[0]?.[0];
      if (attributes.visualizationType === 'lnsMetric') {
        const { visualization } = attributes.state;
        expect(visualization.layerId).toBe(layerId);
        expect(columns[visualization.metricAccessor]?.isBucketed).toBe(false);
        return;
      }
      const [layer] = attributes.state.visualization.layers;
      expect(layer?.layerId).toBe(layerId);
      expect(columns[layer?.xAccessor ?? '']?.isBucketed).toBe(true);
      expect(layer?.accessors.map((id) => columns[id]?.isBucketed)).toEqual([false]);
      expect(layer?.yConfig.map(({ forAccessor }) => forAccessor)).toEqual(layer?.accessors);
    });

    test('its columns name only fields of the data view and columns of the panel', () => {
      for (const column of Object.values(columns)) {
        const named = [
          ...('sourceField' in column && column.operationType !== 'count' ? [column.sourceField] : []),
          ...('filter' in column && column.filter ? fieldsInKql(column.filter.query) : []),
          ...(column.operationType === 'filters'
            ? column.params.filters.flatMap(({ input }) => fieldsInKql(input.query))
            : []),
        ];
        expect(named.filter((field) => !fields.includes(field))).toEqual([]);
        const referred = 'references' in column ? [...column.references] : [];
        if (column.operationType === 'terms') referred.push(column.params.orderBy.columnId);
        expect(referred.filter((id) => !(id in columns))).toEqual([]);
      }
    });
  },
);

function fieldsInKql(query: string): string[] {
  return query.split(' and ').map((part) => part.replace(/ >= \d+$/, ''));
}

describe('what Lens makes of a formula', () => {
  test('is there beside it, so that Kibana need not take it apart again', () => {
    const panel = panels.find(({ panelIndex }) => panelIndex === 'view-to-cart');
    if (panel?.type !== 'lens') throw new Error('there is no such panel');
    const layers = Object.values(panel.embeddableConfig.attributes.state.datasourceStates.formBased.layers);
    const formula = "count(kql='views >= 1 and carts >= 1') / count(kql='views >= 1')";
    expect(layers[0]?.columns).toMatchObject({
      'view-to-cart': {
        operationType: 'formula',
        params: { formula, format: { id: 'percent', params: { decimals: 1 } } },
        references: ['view-to-cartX2'],
      },
      'view-to-cartX0': {
        operationType: 'count',
        filter: { query: 'views >= 1 and carts >= 1', language: 'kuery' },
      },
      'view-to-cartX1': { operationType: 'count', filter: { query: 'views >= 1', language: 'kuery' } },
      'view-to-cartX2': {
        operationType: 'math',
        params: {
          tinymathAst: {
            name: 'divide',
            args: ['view-to-cartX0', 'view-to-cartX1'],
            location: { min: 0, max: formula.length },
            text: formula,
          },
        },
      },
    });
  });
});

describe('a wrong description', () => {
  test.each([
    ['title: Buyers', 'titel: Buyers', /panels/],
    ['id: buyers', 'id: customers', /customers is there twice/],
    [
      '{documents: {purchases: 1}}, format: count',
      '{documents: {orders: 1}}, format: count',
      /orders is not/,
    ],
    ['timeField: last_seen', 'timeField: latest', /latest is not among the fields/],
    ['{sum: total_spent}, format: amount', '{sum: total_spent}, format: euro', /format/],
    ['{field: segment, title: Segment}', '{field: segments, title: Segment}', /segments is not/],
  ])('with %j as %j is refused, and what is wrong is named', async (right, wrong, named) => {
    const folder = await mkdtemp(join(tmpdir(), 'dashboard-'));
    try {
      const source = await readFile(SOURCE_FILE, 'utf8');
      expect(source).toContain(right);
      const file = join(folder, 'kibana.yml');
      await writeFile(file, source.replace(right, wrong));
      const refusal = await readSource(file).catch((error) => error);
      expect(refusal).toMatchObject({ code: 'dashboard:invalid' });
      expect(refusal.message).toMatch(named);
      expect(refusal.message).toContain(file);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
