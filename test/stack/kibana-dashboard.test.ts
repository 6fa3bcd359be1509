import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { LensAttributes } from '../../config/kibana/lens-types.ts';
import {
  lensRequest,
  type PanelRequest,
  type Selection,
  sessionRequest,
} from '../../config/kibana/panel-request.ts';
import type { DashboardPanel, SavedObject } from '../../config/kibana/saved-objects.ts';
import { python } from '../oracle/compare.ts';
import { type Environment, json, realServers } from './end-to-end-environment.ts';

jest.setTimeout(120_000);

const ROWS = 8_000;

/** The objects as Kibana would get them: what is tested is the committed file. */
const file = join(import.meta.dirname, '../../config/datasets/electronics/kibana.ndjson');
const objects: SavedObject[] = (await readFile(file, 'utf8'))
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line));
const attributesOf = (type: SavedObject['type']) => {
  const found = objects.find((object) => object.type === type)?.attributes;
  if (!found) throw new Error(`the file has no ${type}`);
  return found;
};
const dataView = attributesOf('index-pattern');
const dashboard = attributesOf('dashboard');
const panels: DashboardPanel[] = JSON.parse(String(dashboard.panelsJSON));

const asOpened: Selection = {
  timeField: String(dataView.timeFieldName),
  from: String(dashboard.timeFrom),
  to: String(dashboard.timeTo),
  chosen: {},
};

/** What a panel shows, in the form of kibana_panels.py. */
type Result = number | null | [label: string, value: number | null][] | Record<string, unknown>[];

let environment: Environment;
let types: Record<string, string>;

async function ask<T>(method: string, path: string, body?: unknown): Promise<T> {
  const { url, name } = environment.index ?? { url: '', name: '' };
  const answer = await fetch(`${url}/${name}/${path}`, {
    method,
    ...(body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  });
  if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  return answer.json() as Promise<T>;
}

async function show(panel: DashboardPanel, selection: Selection): Promise<Result> {
  const search = async <Shown>({ body, read }: PanelRequest<Shown>) =>
    read(await ask('POST', '_search', body));
  const lens = panel.embeddableConfig.attributes;
  if (!lens) return [...(await search(sessionRequest(attributesOf('search'), selection)))];
  const shown = await search(lensRequest(lens, selection));
  return 'number' in shown ? shown.number : shown.bars.map(({ label, value }) => [label, value]);
}

async function expected(...selections: Selection[]): Promise<Record<string, Result>[]> {
  const child = spawn(python(), [join(import.meta.dirname, 'kibana_panels.py')], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const wanted = selections.map(({ from, to, chosen }) => ({ from, to, chosen }));
  child.stdin.end(JSON.stringify({ lake: environment.lake, selections: wanted }));
  return JSON.parse(await text(child.stdout));
}

beforeAll(async () => {
  environment = await realServers();
  const csv = join(environment.folder, 'shop.csv');
  await json(environment, ['generate', '--rows', `${ROWS}`, '--seed', '5', '--out', csv]);
  await json(environment, ['run', '--file', csv]);
  const mappings = await ask<Record<string, { mappings: { properties: Record<string, { type: string }> } }>>(
    'GET',
    '_mapping',
  );
  const properties = Object.values(mappings)[0]?.mappings.properties ?? {};
  types = Object.fromEntries(Object.entries(properties).map(([field, { type }]) => [field, type]));
});
afterAll(() => environment?.remove());

describe('the fields', () => {
  test('of the data view are those of the index', () => {
    expect(Object.keys(JSON.parse(String(dataView.fieldAttrs))).sort()).toEqual(Object.keys(types).sort());
  });

  test('are of the types that the panels and controls need', () => {
    const needs = (field: string, ...allowed: string[]) =>
      expect([field, allowed]).toEqual([field, expect.arrayContaining([types[field]])]);
    needs(asOpened.timeField, 'date');
    for (const field of Object.keys(JSON.parse(String(dataView.fieldFormatMap))))
      needs(field, 'long', 'double');
    const { panelsJSON } = dashboard.controlGroupInput as { panelsJSON: string };
    for (const { explicitInput } of Object.values<{ explicitInput: { fieldName: string } }>(
      JSON.parse(panelsJSON),
    )) {
      needs(explicitInput.fieldName, 'keyword');
    }
    for (const column of panels.flatMap(({ embeddableConfig }) => columnsOf(embeddableConfig.attributes))) {
      if (column.operationType === 'terms') needs(column.sourceField, 'keyword');
      if (column.operationType === 'sum') needs(column.sourceField, 'double');
      if (column.operationType === 'range') needs(column.sourceField, 'long', 'double');
      if (column.operationType === 'date_histogram') needs(column.sourceField, 'date');
    }
  });
});

function columnsOf(lens: LensAttributes | undefined) {
  if (!lens) return [];
  return Object.values(lens.state.datasourceStates.formBased.layers).flatMap((l) => Object.values(l.columns));
}

/** Every panel shows what pandas computes from the lake's events. */
async function expectSame(selection: Selection): Promise<Record<string, Result>> {
  const [wanted = {}] = await expected(selection);
  const shown: Record<string, Result> = {};
  for (const panel of panels) shown[panel.panelIndex] = await show(panel, selection);
  expect(Object.keys(shown)).toEqual(Object.keys(wanted));
  for (const [panel, want] of Object.entries(wanted)) {
    const got = shown[panel] ?? null;
    if (typeof want === 'number' && typeof got === 'number')
      expect([panel, got]).toEqual([panel, expect.closeTo(want, 6)]);
    else expect([panel, got]).toEqual([panel, want]);
  }
  return shown;
}

describe('every panel shows what the lake holds', () => {
  test('as the dashboard opens', async () => {
    const shown = await expectSame(asOpened);
    // Each panel has something to show; otherwise equal could mean equally empty.
    expect(shown.customers).toBeGreaterThan(3_000);
    expect(shown.buyers).toBeGreaterThan(100);
    for (const panel of ['segments', 'spend', 'first-seen', 'brands', 'categories', 'top-customers']) {
      expect((shown[panel] as unknown[]).length).toBeGreaterThanOrEqual(5);
    }
    const { count } = await ask<{ count: number }>('GET', '_count');
    expect(shown.customers).toBe(count);
    const added = (bars: Result | undefined) =>
      (bars as [string, number][]).reduce((sum, [, n]) => sum + n, 0);
    expect(added(shown['first-seen'])).toBe(count);
    expect(added(shown['last-seen'])).toBe(count);
    expect(added(shown.segments)).toBe(count);
    expect(added(shown.spend)).toBe(shown.buyers);
  });

  test('with segments chosen, and a month and a half in the time picker', async () => {
    const shown = await expectSame({
      ...asOpened,
      from: '2020-12-03T04:05:06.000Z',
      to: '2021-01-20T00:00:00.000Z',
      chosen: { segment: ['buyer', 'loyal'] },
    });
    expect(shown.customers).toBeGreaterThan(20);
    expect(shown.buyers).toBe(shown.customers);
    expect((shown.segments as [string, number][]).map(([segment]) => segment)).toEqual(['buyer', 'loyal']);
    const firstWeeks = shown['first-seen'] as [string, number][];
    // Customers last seen then may have come long before: the time picker does not cut when they were first
    // seen.
    expect(firstWeeks[0]?.[0] ?? '').toMatch(/^2020-(09|10|11)/);
  });

  test('with a brand and a category chosen', async () => {
    const [brand, category] = await Promise.all(
      ['brands', 'categories'].map(async (id) => {
        const panel = panels.find(({ panelIndex }) => panelIndex === id);
        const bars = panel ? await show(panel, asOpened) : null;
        return (bars as [string, number][])[0]?.[0] ?? '';
      }),
    );
    await expectSame({ ...asOpened, chosen: { favourite_brand: [brand ?? ''] } });
    await expectSame({ ...asOpened, chosen: { favourite_category: [category ?? ''] } });
  });

  test('with nobody chosen', async () => {
    const shown = await expectSame({ ...asOpened, chosen: { favourite_brand: ['no such brand'] } });
    expect(shown).toMatchObject({ customers: 0, revenue: 0, 'revenue-per-buyer': null, 'top-customers': [] });
  });
});
