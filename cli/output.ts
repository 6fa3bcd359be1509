import { styleText } from 'node:util';
import type { Row } from '../core/row.ts';

const LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
type Level = (typeof LEVELS)[number];
let threshold: Level = 'info';

/** What a note is about, for programs that read the log: `event` says what happened. */
export interface Details {
  readonly event?: string;
  /** What the person reading it should do next. */
  readonly hint?: string | undefined;
  readonly [field: string]: unknown;
}

/** Puts one note into the log. */
export type Write = (text: string, level: Exclude<Level, 'silent'>, details: Details) => void;
let write: Write | null = null;
let clearBars: (() => void) | null = null;

/** Notes below this level are not printed. */
export function setLogLevel(level: Level): void {
  threshold = level;
}

/** Hands notes, with their details, to `writer` instead of printing them for people. */
export function logTo(writer: Write): void {
  write = writer;
}

/**
 * Whether notes are text for people on a terminal that can move its cursor; only then are progress bars
 * drawn.
 */
export function barsCanBeDrawn(): boolean {
  const isShown = LEVELS.indexOf('info') >= LEVELS.indexOf(threshold);
  return write === null && isShown && process.stderr.isTTY && process.env.TERM !== 'dumb';
}

/** What removes the progress bars before a note is printed; null where none are drawn. */
export function clearBeforeNotes(clear: (() => void) | null): void {
  clearBars = clear;
}

/**
 * A line for people, on standard error so that standard output stays the command's result; in a JSON log, an
 * object.
 */
export function note(text: string, level: Exclude<Level, 'silent'> = 'info', details: Details = {}): void {
  if (LEVELS.indexOf(level) < LEVELS.indexOf(threshold)) return;
  if (write) write(text, level, details);
  else {
    clearBars?.();
    const hint = details.hint ? printable(`  → ${details.hint}\n`) : '';
    process.stderr.write(`${coloured(printable(text), COLOURS[level], process.stderr)}\n${hint}`);
  }
}

const COLOURS: { readonly [level in Level]: Colour | null } = {
  ...{ debug: 'gray', info: null, warn: 'yellow', error: 'red', silent: null },
};

type Colour = 'gray' | 'yellow' | 'red' | 'green' | 'cyan';

/** Text in a colour where the stream is a terminal, unless NO_COLOR is set. */
export function coloured(text: string, colour: Colour | null, stream: NodeJS.WriteStream): string {
  return colour ? styleText(colour, text, { stream }) : text;
}

/**
 * Text that a terminal shows and does not obey: what it takes for a command (C0 except line feed and tab,
 * DEL, C1) and what reverses or breaks a line (bidirectional marks, Unicode's line separators) is written as
 * in JSON, `\\u001b`, so that JSON stays the same JSON.
 */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be printed
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** What a JSON log should hold though people are told it otherwise, as by the command's result. */
export function record(text: string, details: Details): void {
  if (write) note(text, 'info', details);
}

/** `1 commit`, `2 commits`. */
export function counted(n: number, thing: string): string {
  return `${thousands(n)} ${thing}${n === 1 ? '' : 's'}`;
}

/** Prints a result: with `json` one JSON document (bigints as strings), else what `human` makes of it. */
export function print<T>(json: boolean, result: T, human: (result: T) => string): void {
  const text = json
    ? JSON.stringify(result, (_key, value) => (typeof value === 'bigint' ? String(value) : value), 2)
    : human(result);
  process.stdout.write(json ? printable(`${text}\n`) : withMarks(printable(`${text}\n`)));
}

/** Lines that begin with a mark of success or failure are green or red on a terminal. */
function withMarks(text: string): string {
  return text.replaceAll(/^( *)([✔✘].*)$/gm, (_, indent: string, line: string) => {
    return indent + coloured(line, line.startsWith('✔') ? 'green' : 'red', process.stdout);
  });
}

/** `1,234,567`; also a decimal from its text, so that no digit is lost: `1,234.50`. */
export function thousands(n: number | bigint | string): string {
  const [whole = '', fraction] = String(n).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** `103.4 MB`; decimal units. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const unit = n < 1e6 ? 'kB' : n < 1e9 ? 'MB' : 'GB';
  return `${(n / (n < 1e6 ? 1e3 : n < 1e9 ? 1e6 : 1e9)).toFixed(1)} ${unit}`;
}

/** Rows under their headings, numbers to the right. */
export function table(headings: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const cells = rows.map((row) =>
    row.map((cell) => (typeof cell === 'number' ? thousands(cell) : oneLine(cell))),
  );
  const width = headings.map((heading, i) =>
    Math.max(heading.length, ...cells.map((row) => row[i]?.length ?? 0)),
  );
  const right = headings.map(
    (_, i) =>
      rows.length > 0 && rows.every((row) => typeof row[i] === 'number' || /^[\d.,]+$/.test(String(row[i]))),
  );
  const line = (row: readonly string[]) =>
    `  ${row.map((cell, i) => (right[i] ? cell.padStart(width[i] ?? 0) : cell.padEnd(width[i] ?? 0))).join('  ')}`.trimEnd();
  return [line(headings), line(width.map((n) => '─'.repeat(n))), ...cells.map(line)].join('\n');
}

/** Text on one line: a value's own line breaks and tabs would pass for other rows. */
function oneLine(text: string): string {
  return printable(text).replaceAll('\n', '\\n').replaceAll('\t', '\\t');
}

/** A bar chart of counts. */
export function bars(items: readonly { label: string; n: number }[], width = 40): string {
  const most = Math.max(1, ...items.map((item) => item.n));
  const sum = Math.max(
    1,
    items.reduce((total, item) => total + item.n, 0),
  );
  const labels = items.map((item) => oneLine(item.label));
  const label = Math.max(0, ...labels.map((text) => text.length));
  const count = Math.max(0, ...items.map((item) => thousands(item.n).length));
  return items
    .map(({ n }, i) => {
      const bar = '█'.repeat(Math.max(n > 0 ? 1 : 0, Math.round((n / most) * width))).padEnd(width);
      return `  ${labels[i]?.padEnd(label)}  ${bar}  ${thousands(n).padStart(count)}  ${((100 * n) / sum).toFixed(1).padStart(5)} %`;
    })
    .join('\n');
}

/** A row's value for people: empty for null. */
export function cell(value: Row[string] | undefined): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'number' && !Number.isInteger(value) ? value.toFixed(2) : String(value);
}
