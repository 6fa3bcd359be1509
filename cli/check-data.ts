import type { Command } from 'commander';
import { DuckDbEngine } from '../adapters/duckdb/engine.ts';
import { type CheckReport, checkData } from '../inspection/check-data.ts';
import { datasetCommand } from './command.ts';
import { inputFiles } from './input-files.ts';
import { bytes, print, table, thousands } from './output.ts';
import { openScratch } from './scratch.ts';
import { type CommonOptions, openSql, readConfiguration } from './session.ts';

/** `check-data`: would this file pass? */
export function checkDataCommand(): Command {
  return datasetCommand(
    'check-data',
    'does the file exist, does its header match, do its rows pass; writes nothing',
  )
    .option('--file <file>', 'the CSV file, plain, gzip or zstd (default: data/<dataset>.csv)')
    .action(async (name: string, options: CommonOptions & { file?: string }) => {
      const { settings, dataset, folder } = await readConfiguration(name, options);
      const [source] = await inputFiles(
        { dataset, folder },
        options.file === undefined ? [] : [options.file],
      );
      const scratch = await openScratch(settings.home, 'look');
      const sql = await openSql(scratch.folder);
      try {
        const engine = new DuckDbEngine({ sql, lake: null, temporary: scratch.folder });
        print(options.json ?? false, await checkData(dataset, source, engine), checkText);
      } finally {
        await sql.close();
        await scratch.close();
      }
    });
}

/** Names of a header on one line: a quoted one may have line breaks, and one may be empty. */
function namesOf(header: readonly string[]): string {
  return header.map((name) => name.replace(/\s+/g, ' ') || '(without a name)').join(', ');
}

function checkText(report: CheckReport): string {
  const lines = [`${report.file}: ${bytes(report.bytes)}, ${thousands(report.rows)} rows`];
  if (report.header.length === 0 && report.rows === 0) lines.push('  the file is empty: it holds no row');
  if (report.header.length > 0)
    lines.push(`  header: all required columns are there (${namesOf(report.header)})`);
  if (report.extraColumns.length > 0)
    lines.push(`  not in the contract, not carried: ${namesOf(report.extraColumns)}`);
  if (report.absentColumns.length > 0)
    lines.push(`  optional and absent: ${report.absentColumns.join(', ')}`);
  lines.push(
    `  ${thousands(report.good)} rows pass, ${thousands(report.rows - report.good)} will be rejected`,
  );
  if (report.unendedLine !== null)
    lines.push(`  line ${report.unendedLine} has no line end and the file is being written: it is left`);
  if (report.findings.length > 0) {
    lines.push(
      '',
      table(
        ['reason', 'rows', 'first on lines'],
        report.findings.map((f) => [f.reason, f.rows, f.lines.map(String).join(', ')]),
      ),
    );
  }
  return lines.join('\n');
}
