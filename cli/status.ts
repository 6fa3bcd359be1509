import type { Command } from 'commander';
import { type StatusReport, status } from '../inspection/status.ts';
import { commandOverDatasets, eachDataset } from './each-dataset.ts';
import { bytes, table, thousands } from './output.ts';
import type { CommonOptions } from './session.ts';
import { warnOfUnfinishedReset } from './wipe.ts';

/** `status`: where every stage stands. */
export function statusCommand(): Command {
  return commandOverDatasets('status', 'positions, lag, table versions, rows and bytes').action(
    (names: string[], options: CommonOptions) =>
      eachDataset(names, options, { access: 'look' }, async (session) => {
        await warnOfUnfinishedReset(session);
        const result = await status(session);
        return { result, text: statusText(result, session.profiles !== null) };
      }),
  );
}

function statusText(report: StatusReport, hasModel: boolean): string {
  const isEmpty = report.files.length === 0 && report.partitions.every(({ end }) => end === '0');
  const behind =
    report.lag === 0 ? 'all of it in the lake' : `${thousands(report.lag)} offsets not in the lake yet`;
  const parts = [`log: ${report.log}, ${isEmpty ? 'nothing ingested yet' : behind}`];
  if (report.files.length > 0) {
    const rows = report.files.map((f) => [
      f.file,
      f.rows,
      bytes(f.bytes),
      f.complete ? 'complete' : 'unfinished',
      f.updatedAt,
    ]);
    parts.push(table(['file', 'rows', 'size', 'state', 'last ingested'], rows));
  }
  if (report.partitions.length > 0) {
    const rows = report.partitions.map(({ partition, start, end, archived, lag }) => [
      partition,
      thousands(start),
      thousands(end),
      archived === null ? '-' : thousands(archived),
      lag,
    ]);
    parts.push(table(['partition', 'start', 'end', 'archived', 'lag'], rows));
  }
  if (report.tables.length > 0) {
    parts.push(
      table(
        ['table', 'version', 'rows', 'files', 'size'],
        report.tables.map((t) => [t.table, t.version, t.rows, t.files, bytes(t.bytes)]),
      ),
    );
    if (hasModel) {
      parts.push(
        report.profilesUpToDate
          ? 'profiles: up to date'
          : 'profiles: older than the events (run: eventlake process)',
      );
    }
  } else parts.push('lake: empty');
  if (report.index)
    parts.push(`index: ${report.index.index}, ${thousands(report.index.documents)} documents`);
  if (report.warehouse)
    parts.push(
      table(
        ['table in PostgreSQL', 'rows', 'version', 'in the lake'],
        report.warehouse.map((copy) => [copy.table, copy.rows, copy.version ?? '-', copy.newest ?? '-']),
      ),
    );
  return parts.join('\n\n');
}
