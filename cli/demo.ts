import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Command } from 'commander';
import type { DatasetFolder } from '../config/dataset/read.ts';
import { type Dataset, keyOf, modelOf } from '../core/dataset.ts';
import { loadAnyShape, makeFile } from '../generator/make-file.ts';
import { type Highlights, highlights } from '../inspection/rows.ts';
import { UNBALANCED } from './audit.ts';
import { DEFAULT_DATASET, datasetCommand, defaultFile, stopOnSignals } from './command.ts';
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

/** `demo`: the whole job on local files, without the servers of the environment, and a first look at its result. */
export function demoCommand(): Command {
  return datasetCommand(
    'demo',
    'the whole job on local files, with synthetic data where there is no file, and a look at the result',
  ).action(async (name: string, options: CommonOptions) => {
    // Before the session, from which on all that is made is for this user alone: the stack's user reads the data too.
    await provideData(await readConfiguration(name, { ...options, embedded: true }));
    const session = await openSession(name, { ...options, embedded: true }, 'ingest');
    try {
      const tables = session.dataset.models.map(({ table }) => table.replaceAll('_', ' '));
      note(
        `\n${[formatOf(session.dataset), 'event log', 'Delta lake', ...tables].join(' → ')}, in one process, below ${session.settings.home}\n`,
      );
      const began = performance.now();
      const result = await runWholeJob(session, { batchSize: CHUNK_ROWS }, new AbortController().signal);
      const seconds = Math.round(performance.now() - began) / 1000;
      const look = await firstLook(session);
      const reports = options.json ? [] : await reportTexts(session, ROWS_OF_A_REPORT);
      print(options.json ?? false, { ...result, seconds, segments: look.segments, top: look.top }, () =>
        [
          runText(result, session.dataset),
          '',
          `  The whole job took ${seconds.toFixed(1)} s.`,
          lookText(session, look),
          ...reports.map((text) => `${text}\n`),
        ].join('\n'),
      );
      if (!result.audit?.balanced) process.exitCode = UNBALANCED;
      if (options.json) return;
      if (process.stdin.isTTY && process.stdout.isTTY) {
        process.stdout.write('\n');
        await showDashboard(session, {}, stopOnSignals().signal);
      } else print(false, null, () => `  The dashboard: make dashboard${ofDataset(name)}`);
    } finally {
      await session.close();
    }
  });
}

function formatOf({ source }: Dataset): string {
  return source.type === 'file' && source.format === 'csv' ? 'CSV' : 'JSON';
}

function ofDataset(name: string): string {
  return name === DEFAULT_DATASET ? '' : ` DATASET=${name}`;
}

async function provideData({ dataset, folder }: DatasetFolder): Promise<void> {
  const file = defaultFile(dataset);
  if (existsSync(file) || existsSync(`${file}.gz`)) return;
  note(`There is no ${file}: making SYNTHETIC data in the measured shape of the real one.`);
  if (dataset.download)
    note(`The real file is at ${dataset.download}; save it as ${file}, then: make reset YES=1 demo`);
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

function lookText({ dataset, settings }: Session, { segments, top, spent }: Highlights): string {
  const model = modelOf(dataset);
  if (!model) return '';
  const { entity, overview } = dataset;
  const parts: string[] = [];
  if (segments.length > 0) {
    const counts = segments.map((row) => ({ label: cell(row.segment), n: Number(row.n) }));
    parts.push(`${capitalized(entity.plural)} by ${overview?.segment}`, bars(counts));
  }
  if (overview?.currency && spent) {
    const [total, each] = [spent.total, spent.each].map(
      (amount) => `${thousands(amount)} ${overview.currency}`,
    );
    parts.push(`${counted(spent.buyers, 'buyer')} spent ${total}, which is ${each} per buyer.`);
  }
  if (overview?.top && top.length > 0) {
    const shown = overview.top.columns.filter((column) => top[0] && column in top[0]);
    const rows = top.map((row) => shown.map((column) => cell(row[column])));
    parts.push(overview.top.title, table(shown, rows));
  }
  const place = join(settings.home, 'lake', dataset.name);
  const order = model.audit?.amount ?? model.audit?.events ?? keyOf(model);
  return `
${parts.map((part) => `${part}\n\n`).join('')}The lake is in ${place}: Delta tables, for any reader.

  DuckDB   python3 -c "import duckdb; from deltalake import DeltaTable; profiles = duckdb.read_parquet(DeltaTable('${join(place, model.table)}').file_uris()); print(duckdb.sql('FROM profiles ORDER BY ${order} DESC LIMIT 10'))"   (pip install duckdb deltalake)
  Python   python3 -c "from deltalake import DeltaTable; print(DeltaTable('${join(place, model.table)}').to_pandas())"   (pip install deltalake pyarrow pandas)

  One ${entity.singular}: npx eventlake profile ${dataset.name === DEFAULT_DATASET ? '' : `${dataset.name} `}${cell(top[0]?.[keyOf(model)] ?? `<${keyOf(model)}>`)}
  Status: make status     What was rejected: make rejected     All commands: make`;
}

function capitalized(word: string): string {
  return `${word.slice(0, 1).toUpperCase()}${word.slice(1)}`;
}
