import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { lensAttributes } from '../../config/kibana/lens.ts';
import { type Content, dashboardPicture } from '../../config/kibana/picture.ts';
import { readSource } from '../../config/kibana/source.ts';

const source = await readSource(join(import.meta.dirname, '../../config/datasets/electronics/kibana.yml'));

/** Every panel with the same number, bars or rows. */
function drawn(
  number: number | null,
  bars: { label: string; value: number }[],
  rows: Record<string, unknown>[],
): string {
  const contents = source.panels.map((panel): [string, Content] => [
    panel.id,
    panel.rows
      ? { rows }
      : { lens: lensAttributes(panel, source), shown: panel.metric ? { number } : { bars } },
  ]);
  return dashboardPicture(source, new Map(contents));
}

/** The texts of a drawing, as they are read. */
function textsOf(svg: string): string[] {
  const found = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, content = '']) => content);
  return found.map((content) => content.replaceAll('&lt;', '<').replaceAll('&amp;', '&'));
}

describe('the picture of the dashboard', () => {
  test('has the title and the numbers of every panel, as Kibana formats them', () => {
    const texts = textsOf(
      drawn(
        0.5,
        [
          { label: '2020-12-28', value: 1234 },
          { label: '2021-01-04', value: 5 },
        ],
        [
          {
            user_id: '1515915625372595960',
            total_spent: 8762.4,
            favourite_brand: null,
            last_seen: '2021-02-13T15:00:59.000Z',
          },
        ],
      ),
    );
    for (const { title } of source.panels) expect(texts).toContain(title);
    for (const { title } of source.controls) expect(texts).toContain(title);
    expect(texts).toEqual(expect.arrayContaining(['50.0%', '1,234', '5', 'Jan 2021']));
    expect(texts).toEqual(
      expect.arrayContaining(['1515915625372595960', '8,762.40', '–', '2021-02-13 15:00']),
    );
    expect(texts).toContain('Last seen Sep 24, 2020 → Feb 28, 2021');
  });

  test('is whole without any customers', () => {
    const svg = drawn(null, [], []);
    expect(textsOf(svg)).toContain('N/A');
    for (const picture of [svg, drawn(0, [{ label: '2021-01-04', value: 0 }], [])]) {
      expect(picture).not.toMatch(/NaN|Infinity|undefined/);
    }
  });

  test('names the month at its first week, unless the next one follows at once', () => {
    const weeks = ['2020-11-30', '2020-12-07', '2020-12-14', '2020-12-21', '2020-12-28', '2021-01-04'];
    const texts = textsOf(
      drawn(
        1,
        [...weeks, '2021-01-11'].map((label) => ({ label, value: 1 })),
        [],
      ),
    );
    const months = texts.filter((text) => /^[A-Z][a-z]{2}( \d{4})?$/.test(text) && text !== 'Any');
    expect(months).toEqual(['Dec 2020', 'Jan 2021', 'Dec 2020', 'Jan 2021']);
  });

  test('takes any text, and cuts what is too long', () => {
    const svg = drawn(1, [{ label: '<b>&"quoted"', value: 1 }], [{ segment: 'x'.repeat(500) }]);
    expect(svg).not.toContain('<b>');
    expect(svg).toContain('>&lt;b>&amp;&quot;quoted&quot;<');
    expect(textsOf(svg)).toContainEqual(expect.stringMatching(/^x{5,40}…$/));
  });

  test('stays inside of its frame', () => {
    const svg = drawn(1, [{ label: 'all', value: 1_000_000 }], []);
    const [, width = 0, height = 0] = /viewBox="0 0 (\d+) (\d+)"/.exec(svg)?.map(Number) ?? [];
    const boxes = [
      ...svg.matchAll(/<rect x="([\d.-]+)" y="([\d.-]+)" width="([\d.-]+)" height="([\d.-]+)"/g),
    ];
    expect(boxes.length).toBeGreaterThan(source.panels.length);
    for (const [, x, y, w, h] of boxes.map((box) => box.map(Number))) {
      expect(Math.min(x ?? -1, y ?? -1, w ?? -1, h ?? -1)).toBeGreaterThanOrEqual(0);
      expect((x ?? 0) + (w ?? 0)).toBeLessThanOrEqual(width);
      expect((y ?? 0) + (h ?? 0)).toBeLessThanOrEqual(height);
    }
  });

  test('cannot be drawn without the content of a panel', () => {
    expect(() => dashboardPicture(source, new Map())).toThrow('nothing is known of panel customers');
  });
});
