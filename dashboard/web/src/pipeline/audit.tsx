import type { AuditAnswer } from '../../../api.ts';
import { useAnswer } from '../api/use-answer.ts';
import { grouped } from '../app/format.ts';
import { Panel } from '../app/panel.tsx';

/** Every row counted at every stage. It is counted again when `turn` changes, or when asked to. */
export function Audit({ entities, turn }: { entities: string; turn: string | null }) {
  const loaded = useAnswer<AuditAnswer>('/api/audit', turn ?? '');
  return (
    <Panel title="Audit" hint="Counted from the stores themselves" loaded={loaded} lines={13}>
      {({ balanced, file, log, lake, profiles, index, differences, notes }) => {
        const rejected = Object.values(lake.rejected).reduce((sum, n) => sum + n, 0);
        const lines: [string, string, number | string][] = [
          ['files', 'rows', file.rows],
          ['log', 'events', log.events],
          ['', 'dead letters', log.deadLetters],
          ['lake', 'events', lake.events],
          ['', 'of them duplicates', lake.duplicates],
          ['', 'rejected', rejected],
          ['profiles', entities, profiles.users],
          ...(profiles.events === null
            ? []
            : ([['', 'events', profiles.events]] as [string, string, number][])),
          ...(profiles.totalSpent === null
            ? []
            : ([['', 'total spent', profiles.totalSpent]] as [string, string, string][])),
          ...(index ? ([['index', 'documents', index.documents]] as [string, string, number][]) : []),
        ];
        return (
          <>
            <p
              className={balanced ? 'badge good' : 'badge bad'}
              data-audit={balanced ? 'balanced' : 'unbalanced'}
            >
              {balanced ? 'Balanced: every row is accounted for' : 'Not balanced'}
            </p>
            <table className="audit">
              <tbody>
                {lines.map(([hop, what, n]) => (
                  <tr key={`${hop} ${what} ${n}`}>
                    <th scope="row">
                      {hop} <span className="hint">{what}</span>
                    </th>
                    <td className="number">{grouped(n)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            <ul className="plain-list">
              {[...differences, ...notes].map((text) => (
                <li key={text}>{text}</li>
              ))}
            </ul>
            <button type="button" onClick={loaded.again}>
              Count again
            </button>
          </>
        );
      }}
    </Panel>
  );
}
