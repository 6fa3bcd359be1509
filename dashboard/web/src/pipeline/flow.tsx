import type { PipelineAnswer } from '../../../api.ts';
import { grouped, time } from '../app/format.ts';

const STORES = { ingest: 'event log', archive: 'lake', model: 'profiles', publish: 'index' };

/** The stores from left to right, and the stages that fill them. */
export function Flow({ pipeline: { status, hops, throughput } }: { pipeline: PipelineAnswer }) {
  const rows = status.files.reduce((sum, file) => sum + file.rows, 0);
  const isMoving = throughput.eventsPerSecond !== null;
  return (
    <>
      <ol className={isMoving ? 'flow moving' : 'flow'} aria-label="The four stages">
        <li>
          <div className="store">
            <h2>files</h2>
            <p className="big" data-store="files">
              {grouped(rows)}
            </p>
            <p className="hint">rows ingested</p>
          </div>
        </li>
        {hops.map(({ name, rows: held, lag, lastCommit, note }) => (
          <li key={name}>
            <div className="hop">
              <span className="hop-name">{name}</span>
              <svg viewBox="0 0 64 12" aria-hidden="true" preserveAspectRatio="none">
                <path d="M0 6h56m-6-5 6 5-6 5" />
              </svg>
              <span className={lag ? 'lag behind' : 'lag'}>
                {lag === null ? '' : lag === 0 ? 'nothing waits' : `${grouped(lag)} behind`}
              </span>
            </div>
            <div className="store">
              <h2>{STORES[name]}</h2>
              <p className="big" data-store={name}>
                {held === null ? '–' : grouped(held)}
              </p>
              <p className="hint">
                {note ?? (
                  <>
                    last commit <span className="moment">{time(lastCommit)}</span>
                  </>
                )}
              </p>
            </div>
          </li>
        ))}
      </ol>
      <p className="throughput" aria-live="polite">
        {throughput.eventsPerSecond === null
          ? 'Idle.'
          : `${grouped(Math.round(throughput.eventsPerSecond))} events a second reach the lake.`}
      </p>
    </>
  );
}
