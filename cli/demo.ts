import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { DatasetFolder } from '../config/dataset/read.ts';
import { type Dataset, keyOf, type Model, modelOf, resultTables } from '../core/dataset.ts';
import type { Row } from '../core/row.ts';
import { loadAnyShape, makeFile } from '../generator/make-file.ts';
import { type Highlights, highlights } from '../inspection/rows.ts';
import { UNBALANCED } from './audit.ts';
import { CONFIGURED_DATASET, datasetCommand, defaultFile, stopOnSignals } from './command.ts';
import { forDataset } from './hints.ts';
import { CHUNK_ROWS } from './ingest.ts';
import { bars, bytes, cell, counted, note, print, table, thousands } from './output.ts';
import { reportTexts } from './report.ts';
import { runText, runWholeJob } from './run.ts';
import { type CommonOptions, openSession, readConfiguration, type Session } from './session.ts';
import { showDashboard } from './show-dashboard.ts';

const ROWS = 885_129;
const SEED = 1;
/** A first look shows so many rows of each report. */
const ROWS_OF_A_REPORT = 10;

/**
 * `demo`: the whole job on local files, without the servers of the environment, and a first look at its
 * result.
 */
export function demoCommand(): Command {
  return datasetCommand(
    'demo',
    'the whole job on local files, with synthetic data where there is no file, and a look at the result',
  ).action(async (name: string, options: CommonOptions) => {
    // Before the session, from which on all that is made is for this user alone: the stack's user reads the
    // data too.
    await provideData(await readConfiguration(name, { ...options, embedded: true }));
    const session = await openSession(name, { ...options, embedded: true }, 'ingest');
    try {
      const tables = resultTables(session.dataset).map((table) => table.replaceAll('_', ' '));
      note(
        `\n${[formatOf(session.dataset), 'event log', 'Delta lake', ...tables].join(' → ')}, in one process, below ${session.settings.home}\n`,
      );
      const began = performance.now();
      const result = await runWholeJob(session, { batchSize: CHUNK_ROWS }, new AbortController());
      const seconds = Math.round(performance.now() - began) / 1000;
      const look = await firstLook(session);
      const reports = options.json ? [] : await reportTexts(session, ROWS_OF_A_REPORT);
      print(options.json ?? false, { ...result, seconds, segments: look.segments, top: look.top }, () =>
        [
          forDataset(runText(result, session.dataset), session.dataset.name),
          '',
          `  The whole job took ${seconds.toFixed(1)} s.`,
          '',
          ...[...lookParts(session.dataset, look), ...reports].map((part) => `${part}\n`),
          closingText(session, look.top),
        ].join('\n'),
      );
      if (!result.audit?.balanced) process.exitCode = UNBALANCED;
      if (options.json) return;
      if (process.stdin.isTTY && process.stdout.isTTY) {
        process.stdout.write('\n');
        await showDashboard(session, {}, stopOnSignals().signal);
      } else print(false, null, () => forDataset('  The dashboard: make dashboard', name));
    } finally {
      await session.close();
    }
  });
}

function formatOf({ source }: Dataset): string {
  return source.type === 'file' && source.format === 'csv' ? 'CSV' : 'JSON';
}

async function provideData({ dataset, folder }: DatasetFolder): Promise<void> {
  const file = defaultFile(dataset);
  if (existsSync(file) || existsSync(`${file}.gz`)) return;
  note(`There is no ${file}: making SYNTHETIC data in the measured shape of the real one.`);
  if (dataset.download)
    note(
      forDataset(
        `The real file is at ${dataset.download}; save it as ${file}, then: make reset YES=1 demo`,
        dataset.name,
      ),
    );
  await mkdir(dirname(file), { recursive: true });
  const shape = await loadAnyShape(join(folder, 'shape.yml'));
  const rows = shape.kind === 'records' ? shape.shape.rows : ROWS;
  const made = await makeFile(shape, { rows, seed: SEED, out: file });
  note(`${file}: ${thousands(made.rows)} synthetic rows, ${bytes(made.bytes)}`);
}

async function firstLook({ dataset, profiles, files, sql }: Session): Promise<Highlights> {
  const model = modelOf(dataset);
  if (!model || !profiles) return { segments: [], top: [], spent: null };
  return highlights(model, dataset.overview, profiles, files, sql);
}

/** The highlights, where the dataset has them. */
function lookParts({ entity, overview }: Dataset, { segments, top, spent }: Highlights): string[] {
  const parts: string[] = [];
  if (segments.length > 0) {
    const counts = segments.map((row) => ({ label: cell(row.segment), n: Number(row.n) }));
    parts.push(`${capitalized(entity.plural)} by ${overview?.segment}\n\n${bars(counts)}`);
  }
  if (overview?.currency && spent) {
    const [total, each] = [spent.total, spent.each].map(
      (amount) => `${thousands(amount)} ${overview.currency}`,
    );
    parts.push(`${counted(spent.buyers, 'buyer')} spent ${total}, which is ${each} per buyer.`);
  }
  if (overview?.top && top.length > 0) {
    const shown = overview.top.columns.filter((column) => top[0] && column in top[0]);
    const { currency, amounts = [] } = overview;
    const isMoney = (column: string) => currency !== undefined && amounts.includes(column);
    const headings = shown.map((column) => (isMoney(column) ? `${column} (${currency})` : column));
    const rows = top.map((row) =>
      shown.map((column) => (isMoney(column) ? thousands(cell(row[column])) : cell(row[column]))),
    );
    parts.push(`${overview.top.title}\n\n${table(headings, rows)}`);
  }
  return parts;
}

/** Where the lake is, and what to do next. */
function closingText({ dataset, settings }: Session, top: readonly Row[]): string {
  const model = modelOf(dataset);
  const place = join(settings.home, 'lake', dataset.name);
  return [
    `The lake is in ${place}: Delta tables, for any reader.`,
    ...(model ? [profileReaders(dataset, model, place, cell(top[0]?.[keyOf(model)]))] : []),
    forDataset(
      '  Status: make status     What was rejected: make rejected     All commands: make',
      dataset.name,
    ),
  ].join('\n\n');
}

/** How to read the profiles, all of them and one. */
function profileReaders(dataset: Dataset, model: Model, place: string, example: string): string {
  const key = keyOf(model);
  const order = model.audit?.amount ?? model.audit?.events ?? key;
  const table = join(place, model.table);
  const name = dataset.name === CONFIGURED_DATASET ? '' : `${dataset.name} `;
  return `  DuckDB   python3 -c "import duckdb; from deltalake import DeltaTable; profiles = duckdb.read_parquet(DeltaTable('${table}').file_uris()); print(duckdb.sql('FROM profiles ORDER BY ${order} DESC LIMIT 10'))"   (pip install duckdb deltalake)
  Python   python3 -c "from deltalake import DeltaTable; print(DeltaTable('${table}').to_pandas())"   (pip install deltalake pyarrow pandas)

  One ${dataset.entity.singular}: npx eventlake profile ${name}${example || `<${key}>`}`;
}

function capitalized(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
