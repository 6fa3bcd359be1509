import type { Command } from 'commander';
import { type RejectedReport, rejectedRows } from '../inspection/rows.ts';
import { datasetCommand, positive } from './command.ts';
import { cell, print, table, thousands } from './output.ts';
import { type CommonOptions, openSession } from './session.ts';

const EXAMPLES = 20;
const PAYLOAD_SHOWN = 60;

/** `rejected`: what was rejected, and why. */
export function rejectedCommand(): Command {
  return datasetCommand('rejected', 'what was rejected, why, and from which line or offset')
    .option('--limit <n>', 'examples to show', positive, EXAMPLES)
    .action(async (name: string, options: CommonOptions & { limit: number }) => {
      const session = await openSession(name, options, 'look');
      try {
        const report = await rejectedRows(session.tables.rejected, session.files, session.sql, options.limit);
        print(options.json ?? false, report, rejectedText);
      } finally {
        await session.close();
      }
    });
}

function rejectedText({ total, reasons, examples }: RejectedReport): string {
  if (total === 0) return 'nothing was rejected';
  const rows = examples.map((row) => [
    cell(row.reason),
    row.source_file === null
      ? `events/${cell(row.log_partition)} offset ${cell(row.log_offset)}`
      : `${cell(row.source_file)}:${cell(row.source_line)}`,
    shortened(cell(row.detail)),
    shortened(cell(row.payload)),
  ]);
  return [
    table(
      ['reason', 'rows'],
      reasons.map(({ reason, rows: n }) => [reason, n]),
    ),
    '',
    table(['reason', 'where', 'detail', 'payload'], rows),
    '',
    `${thousands(total)} rows in all, ${examples.length} shown`,
  ].join('\n');
}

function shortened(text: string): string {
  return text.length > PAYLOAD_SHOWN ? `${text.slice(0, PAYLOAD_SHOWN - 1)}…` : text;
}
