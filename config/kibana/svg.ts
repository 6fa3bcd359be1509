/** A box on the picture, in pixels. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const INK = '#1a1c21';
export const GREY = '#69707d';
export const LINE = '#e0e5ee';

/** How a text is set; 12 pixels, ink, from the left when nothing is said. */
export interface TextStyle {
  readonly size?: number;
  readonly weight?: number;
  readonly color?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
}

/** A text with its base line at `y`. */
export function text(x: number, y: number, content: string, style: TextStyle = {}): string {
  const { size = 12, weight = 400, color = INK, anchor = 'start' } = style;
  const place = `x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${color}"`;
  const set = `${weight === 400 ? '' : ` font-weight="${weight}"`}${anchor === 'start' ? '' : ` text-anchor="${anchor}"`}`;
  return `<text ${place}${set}>${escaped(content)}</text>\n`;
}

export function rectangle({ x, y, width, height }: Box, attributes: string): string {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" ${attributes}/>\n`;
}

export function horizontalLine(x: number, y: number, width: number, color = LINE): string {
  return `<path d="M${round(x)} ${round(y)}h${round(width)}" stroke="${color}"/>\n`;
}

/** A drawing of this size, with the title and the description that people who cannot see it are told. */
export function drawing(
  width: number,
  height: number,
  title: string,
  description: string,
  content: string,
): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title description" font-family="Inter, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif">
<title id="title">${escaped(title)}</title>
<desc id="description">${escaped(description)}</desc>
${content}</svg>
`;
}

/** About how wide a text is: without the font there is no knowing. */
export function widthOf(content: string, size = 12): number {
  return content.length * size * 0.54;
}

/** A text cut to a width, with an ellipsis where something is missing. */
export function fitted(content: string, width: number, size = 12): string {
  const most = Math.floor(width / (size * 0.54));
  return content.length <= most ? content : `${content.slice(0, Math.max(1, most - 1))}…`;
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
