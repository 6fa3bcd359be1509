import type { Command } from 'commander';
import { type Dataset, modelOf } from '../core/dataset.ts';
import { type AuditContext, type AuditReport, audit } from '../inspection/audit.ts';
import { commandOverDatasets, eachDataset } from './each-dataset.ts';
import { table, thousands } from './output.ts';
import type { CommonOptions, Session } from './session.ts';
import { warnOfUnfinishedReset } from './wipe.ts';

/** Exit code of an audit that does not balance. */
export const UNBALANCED = 3;

/** `audit`: counts every row at every stage. */
export function auditCommand(): Command {
  return commandOverDatasets('audit', 'count every row at every stage, and prove that they balance').action(
    (names: string[], options: CommonOptions) =>
      eachDataset(names, options, { access: 'look' }, async (session) => {
        await warnOfUnfinishedReset(session);
        const result = await audit(auditContext(session));
        if (!result.balanced) process.exitCode = UNBALANCED;
        return { result, text: auditText(result, session.dataset) };
      }),
  );
}

/** The session as the audit wants it. */
export function auditContext(session: Session): AuditContext {
  const { dataset, log, tables, derived, profiles, index, indices, warehouse, files, sql, engine } = session;
  return { dataset, log, ...tables, profiles, derived, index, indices, warehouse, files, sql, engine };
}

/** The audit for people. */
export function auditText(report: AuditReport, dataset: Dataset): string {
  const { file, log, lake, profiles, index, indices = [], warehouse = [] } = report;
  const currency = dataset.overview?.currency;
  const hasProfiles = modelOf(dataset) !== undefined;
  const rejected = Object.values(lake.rejected).reduce((sum, n) => sum + n, 0);
  const rows: (string | number)[][] = [
    ['files', 'rows', file.rows],
    ['log', 'events', log.events],
    ['', 'dead letters', log.deadLetters],
    ...(log.removed > 0 ? [['', 'removed by retention', log.removed]] : []),
    ['lake', 'events', lake.events],
    ['', 'of them duplicates', lake.duplicates],
    ['', 'rejected', rejected],
    ...Object.entries(lake.rejected).map(([reason, n]) => ['', `  ${reason}`, n]),
    ...(hasProfiles ? [['profiles', dataset.entity.plural, profiles.users]] : []),
    ...(hasProfiles && profiles.events !== null ? [['', 'events', profiles.events]] : []),
    ...(profiles.totalSpent === null
      ? []
      : [['', `total spent${currency ? ` (${currency})` : ''}`, thousands(profiles.totalSpent)]]),
    ...(index
      ? [
          ['index', 'documents', index.documents],
          ...(index.differing > 0 ? [['', 'of them not as in the lake', index.differing]] : []),
        ]
      : []),
    ...indices.flatMap(({ table, documents, differing }) => [
      ['', `documents of ${table}`, documents],
      ...(differing > 0 ? [['', 'of them not as in the lake', differing]] : []),
    ]),
    ...warehouse.flatMap(({ table, rows, differing }, at) => [
      [at === 0 ? 'warehouse' : '', `rows of ${table}`, rows],
      ...(differing > 0 ? [['', 'of them not as in the lake', differing]] : []),
    ]),
  ];
  const isEmpty = [file.rows, log.events, log.deadLetters, log.removed, lake.events, rejected].every(
    (n) => n === 0,
  );
  const balanced = isEmpty ? 'nothing ingested yet' : '✔ balanced: every row is accounted for at every stage';
  const verdict = report.balanced ? balanced : '✘ NOT balanced';
  return [
    table(['stage', 'what', 'count'], rows),
    '',
    `  ${verdict}`,
    ...report.differences.map((text) => `    ${text}`),
    ...report.notes.map((text) => `    note: ${text}`),
  ].join('\n');
}
