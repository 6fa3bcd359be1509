import type { DatasetAnswer, PipelineAnswer } from '../../../api.ts';
import { useLive } from '../api/live.ts';
import { EmptyLake } from '../app/empty-lake.tsx';
import { grouped } from '../app/format.ts';
import { ProblemNote } from '../app/problem-note.tsx';
import { Audit } from './audit.tsx';
import { Flow } from './flow.tsx';
import { Rejected } from './rejected.tsx';
import { isGenerated } from './source.ts';

/** The four stages, live, and what became of every row. */
export function PipelineView({ dataset }: { dataset: DatasetAnswer }) {
  const { pipeline, problem } = useLive((live) => live);
  return (
    <>
      <h1>Pipeline</h1>
      {problem && <ProblemNote problem={problem} />}
      {pipeline && (
        <>
          {pipeline.status.tables.length === 0 && <EmptyLake />}
          <Flow pipeline={pipeline} />
          <div className="balanced">
            <Audit dataset={dataset} turn={positionOf(pipeline)} />
            <Partitions pipeline={pipeline} />
            {!isGenerated(pipeline.status) && <Files pipeline={pipeline} />}
            <Rejected turn={rejectedVersion(pipeline)} />
          </div>
        </>
      )}
    </>
  );
}

/** Changes when there is something new to count; null while something moves. */
function positionOf({ status, hops }: PipelineAnswer): string | null {
  if (hops.some((hop) => hop.moving)) return null;
  const partitions = status.partitions.map(
    ({ partition, end, archived }) => `${partition}:${archived}/${end}`,
  );
  return `${partitions.join(' ')} ${status.tables.map(({ version }) => version).join(' ')} ${status.index?.documents}`;
}

function rejectedVersion({ status }: PipelineAnswer): string {
  return status.tables.map(({ table, version }) => (table.endsWith('/rejected') ? version : '')).join('');
}

function Partitions({ pipeline: { status } }: { pipeline: PipelineAnswer }) {
  return (
    <section className="panel" aria-labelledby="partitions">
      <h2 id="partitions">Partitions</h2>
      <p className="hint">{status.log}</p>
      <div className="table">
        <table>
          <thead>
            <tr>
              <th scope="col">partition</th>
              <th scope="col" className="number">
                end
              </th>
              <th scope="col" className="number">
                in the lake
              </th>
              <th scope="col" className="number">
                lag
              </th>
            </tr>
          </thead>
          <tbody>
            {status.partitions.map(({ partition, end, archived, lag }) => (
              <tr key={partition}>
                <th scope="row">{partition}</th>
                <td className="number">{grouped(end)}</td>
                <td className="number">{archived === null ? '–' : grouped(archived)}</td>
                <td className="number">{grouped(lag)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function Files({ pipeline: { status } }: { pipeline: PipelineAnswer }) {
  return (
    <section className="panel" aria-labelledby="files">
      <h2 id="files">Files ingested</h2>
      {status.files.length === 0 && <p className="empty">None yet.</p>}
      <ul className="plain-list">
        {status.files.map(({ file, rows, complete, updatedAt }) => (
          <li key={`${file} ${updatedAt}`}>
            <strong>{file}</strong>{' '}
            <span className="hint">
              {grouped(rows)} rows{complete ? '' : ', not yet to its end'}
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
