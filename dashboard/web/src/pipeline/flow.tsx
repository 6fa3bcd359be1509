import type { PipelineAnswer } from '../../../api.ts';
import { grouped, time } from '../app/format.ts';

type Hop = PipelineAnswer['hops'][number];

const STORES = { ingest: 'event log', archive: 'lake', model: 'profiles', publish: 'index' };

/** The stores from left to right, and the stages that fill them. */
export function Flow({ pipeline: { status, hops } }: { pipeline: PipelineAnswer }) {
  const rows = status.files.reduce((sum, file) => sum + file.rows, 0);
  const moving = hops.filter((hop) => hop.moving);
  return (
    <>
      <ol className="flow" aria-label="The stores, and the stages that fill them">
        <li>
          <div className="store">
            <h2>files</h2>
            <p className="big" data-store="files">
              {grouped(rows)}
            </p>
            <p className="hint">rows ingested</p>
          </div>
        </li>
        {hops.map((hop) => (
          <li key={hop.name} data-hop={hop.name} className={hop.moving ? 'moving' : ''}>
            {hop.rows === null ? <div className="no-hop" /> : <Arrow hop={hop} />}
            <div className={hop.rows === null ? 'store absent' : 'store'}>
              <h2>{STORES[hop.name]}</h2>
              <p className="big" data-store={hop.name}>
                {hop.rows === null ? '–' : grouped(hop.rows)}
              </p>
              {hop.note && <p className="hint">{hop.note}</p>}
              {hop.lastCommit && (
                <p className="hint">
                  last commit <span className="moment">{time(hop.lastCommit)}</span>
                </p>
              )}
            </div>
          </li>
        ))}
      </ol>
      <p className="throughput" aria-live="polite">
        {moving.length === 0 ? 'Idle' : moving.map(said).join(' · ')}
      </p>
    </>
  );
}

function Arrow({ hop: { name, lag } }: { hop: Hop }) {
  return (
    <div className="hop">
      <span className="hop-name">{name}</span>
      <svg viewBox="0 0 64 12" aria-hidden="true" preserveAspectRatio="none">
        <path d="M0 6h56m-6-5 6 5-6 5" />
      </svg>
      <span className={lag ? 'lag behind' : 'lag'}>
        {lag === null ? '' : lag === 0 ? 'up to date' : `${grouped(lag)} behind`}
      </span>
    </div>
  );
}

function said({ name, perSecond }: Hop): string {
  return perSecond === null ? `${name} is running` : `${name}: ${grouped(perSecond)} rows a second`;
}
