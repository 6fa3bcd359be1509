import type { LensAttributes } from './lens-types.ts';
import type { Shown } from './panel-request.ts';
import { formatted, lensPicture, type TableColumn, tablePicture } from './picture-panels.ts';
import type { DashboardSource, Panel } from './source.ts';
import { type Box, drawing, GREY, LINE, rectangle, text } from './svg.ts';

/** What a panel shows: of a Lens panel also how it is drawn. */
export type Content =
  | { readonly lens: LensAttributes; readonly shown: Shown }
  | { readonly rows: readonly Readonly<Record<string, unknown>>[] };

const WIDTH = 1440;
const MARGIN = 16;
const GUTTER = 8;
const HEAD = 104;
/** Kibana's grid: 48 columns, rows of 20 pixels. */
const COLUMN = (WIDTH - 2 * MARGIN + GUTTER) / 48;
const ROW = 20 + GUTTER;

/** The whole dashboard as an SVG drawing, with every panel at its place. */
export function dashboardPicture(source: DashboardSource, contents: ReadonlyMap<string, Content>): string {
  const bottom = Math.max(...source.panels.map(({ at: [, y, , height] }) => y + height));
  const height = HEAD + bottom * ROW - GUTTER + MARGIN;
  const page = rectangle({ x: 0, y: 0, width: WIDTH, height }, 'fill="#f6f9fc"');
  const panels = source.panels.map((panel) => {
    const content = contents.get(panel.id);
    if (!content) throw new Error(`nothing is known of panel ${panel.id}`);
    return panelPicture(panel, content, source);
  });
  const { title, description } = source.dashboard;
  return drawing(WIDTH, height, title, description, page + head(source) + panels.join(''));
}

function head({ dashboard, controls }: DashboardSource): string {
  const day = (time: string) =>
    new Date(time).toLocaleDateString('en-US', {
      month: 'short',
      day: 'numeric',
      year: 'numeric',
      timeZone: 'UTC',
    });
  const range = `${day(dashboard.time.from)} → ${day(dashboard.time.to)}`;
  const width = (WIDTH - 2 * MARGIN - GUTTER * (controls.length - 1)) / controls.length;
  const boxes = controls.map(({ title }, n) => {
    const box = { x: MARGIN + n * (width + GUTTER), y: 58, width, height: 34 };
    return (
      rectangle(box, `rx="4" fill="#fff" stroke="${LINE}"`) +
      text(box.x + 12, 80, title, { size: 13, weight: 600 }) +
      text(box.x + width - 12, 80, 'Any', { size: 13, color: GREY, anchor: 'end' })
    );
  });
  return (
    text(MARGIN, 38, dashboard.title, { size: 22, weight: 700 }) +
    text(WIDTH - MARGIN, 37, `Last seen ${range}`, { size: 13, color: GREY, anchor: 'end' }) +
    boxes.join('')
  );
}

function panelPicture(panel: Panel, content: Content, source: DashboardSource): string {
  const [column, row, columns, rows] = panel.at;
  const box: Box = {
    x: MARGIN + column * COLUMN,
    y: HEAD + row * ROW,
    width: columns * COLUMN - GUTTER,
    height: rows * ROW - GUTTER,
  };
  const inside: Box = { x: box.x + 16, y: box.y + 46, width: box.width - 32, height: box.height - 58 };
  const frame =
    rectangle(box, `rx="6" fill="#fff" stroke="${LINE}"`) +
    text(box.x + 16, box.y + 26, panel.title, { size: 14, weight: 600 }) +
    descriptionSign(box);
  if ('lens' in content) return frame + lensPicture(content.lens, content.shown, inside);
  const fields = panel.rows?.columns ?? [];
  return (
    frame +
    tablePicture(
      fields.map((field) => tableColumn(field, source)),
      content.rows.map((document) => fields.map((field) => cell(document[field], field, source))),
      inside,
    )
  );
}

/** Kibana's sign that a panel has a description. */
function descriptionSign({ x, y, width }: Box): string {
  const at = x + width - 22;
  return (
    `<circle cx="${at}" cy="${y + 21}" r="6.5" fill="none" stroke="#98a2b3"/>\n` +
    text(at, y + 25, 'i', { size: 10, weight: 600, color: '#98a2b3', anchor: 'middle' })
  );
}

function tableColumn(field: string, { dataView }: DashboardSource): TableColumn {
  const { label = field, format, width } = dataView.fields[field] ?? {};
  return { label, align: format ? 'end' : 'start', share: width ?? (format ? 9 : 13) };
}

function cell(value: unknown, field: string, { dataView }: DashboardSource): string {
  if (value === null || value === undefined) return '–';
  const { format } = dataView.fields[field] ?? {};
  if (format && typeof value === 'number') return formatted(value, /\.(0+)$/.exec(format)?.[1]?.length ?? 0);
  if (typeof value === 'string' && /^\d{4}-\d{2}-\d{2}T/.test(value)) {
    return `${value.slice(0, 10)} ${value.slice(11, 16)}`;
  }
  return String(value);
}
