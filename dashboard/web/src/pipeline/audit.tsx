import { useEffect, useRef, useState } from 'react';
import type { AuditAnswer, DatasetAnswer } from '../../../api.ts';
import { useAnswer } from '../api/use-answer.ts';
import { grouped, time } from '../app/format.ts';
import { Panel } from '../app/panel.tsx';

interface AuditProps {
  readonly dataset: DatasetAnswer;
  /** What the counts depend on; null while it changes. */
  readonly turn: string | null;
}

/** Every row counted at every stage. It is counted again when nothing moves any more, or when asked to. */
export function Audit({ dataset, turn }: AuditProps) {
  const counted = useRef('');
  if (turn !== null) counted.current = turn;
  const loaded = useAnswer<AuditAnswer>('/api/audit', counted.current);
  const [answered, setAnswered] = useState('');
  // biome-ignore lint/correctness/useExhaustiveDependencies: an answer is to the newest turn
  useEffect(() => setAnswered(counted.current), [loaded.answer]);
  const isUnderway = turn === null || turn !== answered;
  return (
    <Panel title="Audit" hint="Counted from the stores themselves" loaded={loaded} lines={13}>
      {(answer) => (
        <>
          <Verdict answer={answer} isUnderway={isUnderway} />
          <Counts answer={answer} dataset={dataset} />
          <ul className="plain-list">
            {[...answer.differences, ...answer.notes].map((text) => (
              <li key={text}>{text}</li>
            ))}
          </ul>
          <button type="button" onClick={loaded.again}>
            Count again
          </button>
        </>
      )}
    </Panel>
  );
}

/** What the counts say; counts that change, or of nothing, say nothing yet. */
function Verdict({ answer, isUnderway }: { answer: AuditAnswer; isUnderway: boolean }) {
  const { balanced, file, log, lake, countedAt } = answer;
  const isEmpty = file.rows === 0 && log.events === 0 && log.deadLetters === 0 && lake.events === 0;
  const [kind, verdict, text] = isUnderway
    ? ['', 'underway', 'Counted again when the pipeline is idle']
    : isEmpty && balanced
      ? ['', 'empty', 'Nothing to count yet']
      : balanced
        ? ['good', 'balanced', 'Balanced: every row is accounted for']
        : ['bad', 'unbalanced', 'Not balanced'];
  return (
    <>
      <p className={`badge ${kind}`} data-audit={verdict}>
        {text}
      </p>
      <p className="hint">
        Counted at <time dateTime={countedAt}>{time(countedAt)}</time>
      </p>
    </>
  );
}

function Counts({ answer, dataset }: { answer: AuditAnswer; dataset: DatasetAnswer }) {
  const { file, log, lake, profiles, index, indices = [], warehouse = [] } = answer;
  const hasProfiles = dataset.model !== null;
  const currency = dataset.overview?.currency;
  const rejected = Object.values(lake.rejected).reduce((sum, n) => sum + n, 0);
  const lines: [string, string, number | string | null][] = [
    ['files', 'rows', file.rows],
    ['log', 'events', log.events],
    ['', 'dead letters', log.deadLetters],
    ['lake', 'events', lake.events],
    ['', 'of them duplicates', lake.duplicates],
    ['', 'rejected', rejected],
    ['profiles', dataset.entity.plural, hasProfiles ? profiles.users : null],
    ['', 'events', hasProfiles ? profiles.events : null],
    ['', `total spent${currency ? ` (${currency})` : ''}`, profiles.totalSpent],
    ['index', 'documents', index?.documents ?? null],
    ...indices.map(({ table, documents }): [string, string, number] => [
      'index',
      `documents of ${table}`,
      documents,
    ]),
    ...warehouse.map(({ table, rows }): [string, string, number] => ['warehouse', `rows of ${table}`, rows]),
  ];
  return (
    <table className="audit">
      <tbody>
        {lines.map(
          ([store, what, n]) =>
            n !== null && (
              <tr key={`${store} ${what} ${n}`}>
                <th scope="row">
                  {store} <span className="hint">{what}</span>
                </th>
                <td className="number">{grouped(n)}</td>
              </tr>
            ),
        )}
      </tbody>
    </table>
  );
}
