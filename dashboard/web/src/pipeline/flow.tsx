import type { PipelineAnswer } from '../../../api.ts';
import { grouped, time } from '../app/format.ts';
import { isGenerated } from './source.ts';

type Hop = PipelineAnswer['hops'][number];
type Published = NonNullable<PipelineAnswer['published']>;

const STORES = { ingest: 'event log', archive: 'lake', model: 'profiles', publish: 'index' };

/** The stores from left to right, and the stages that fill them. */
export function Flow({ pipeline: { status, hops, published } }: { pipeline: PipelineAnswer }) {
  const rows = status.files.reduce((sum, file) => sum + file.rows, 0);
  const [source, what] = isGenerated(status) ? ['generator', 'readings made'] : ['files', 'rows ingested'];
  const moving = hops.filter((hop) => hop.moving);
  return (
    <>
      <ol className="flow" aria-label="The stores, and the stages that fill them">
        <li>
          <div className="store">
            <h2>{source}</h2>
            <p className="big" data-store="files">
              {grouped(rows)}
            </p>
            <p className="hint">{what}</p>
          </div>
        </li>
        {hops.map((hop) => (
          <li key={hop.name} data-hop={hop.name} className={hop.moving ? 'moving' : ''}>
            <Store hop={hop} published={hop.name === 'publish' ? published : undefined} />
          </li>
        ))}
      </ol>
      <p className="throughput" aria-live="polite">
        {moving.length === 0 ? 'Idle' : moving.map(said).join(' · ')}
      </p>
    </>
  );
}

/** A store, and the stage that fills it; a frame with the reason where there is no such store. */
function Store({ hop, published }: { hop: Hop; published: Published | undefined }) {
  const { name, rows, note, lastCommit, engine } = hop;
  const isThere = rows !== null || published !== undefined;
  return (
    <>
      {isThere ? <Arrow hop={hop} /> : <div className="no-hop" />}
      <div className={isThere ? 'store' : 'store absent'}>
        {(rows !== null || !published) && (
          <>
            <h2>{isThere ? STORES[name] : 'published'}</h2>
            <p className="big" data-store={name}>
              {rows === null ? '–' : grouped(rows)}
            </p>
          </>
        )}
        {published && <Tables published={published} />}
        {note && <p className="hint">{note}</p>}
        {lastCommit && (
          <p className="hint">
            last commit <span className="moment">{time(lastCommit)}</span>
            {engine && ` by ${engine}`}
          </p>
        )}
      </div>
    </>
  );
}

/** The tables in PostgreSQL, each with its version beside that of the lake. */
function Tables({ published }: { published: Published }) {
  return (
    <>
      <h2>PostgreSQL</h2>
      <ul className="plain-list" aria-label="Tables in PostgreSQL">
        {published.map(({ table, version, newest }) => (
          <li key={table}>
            {table} <span className="hint">{standing(version, newest)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function standing(version: string | null, newest: string | null): string {
  if (newest === null) return 'no table in the lake yet';
  if (version === null) return `no complete version, the lake has ${newest}`;
  if (version === newest) return `version ${version}, up to date`;
  const isBehind = BigInt(version) < BigInt(newest);
  return `version ${version}, ${isBehind ? 'behind: ' : ''}the lake has ${newest}`;
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

function said({ name, share, perSecond }: Hop): string {
  const known = [
    ...(share === null ? [] : [`${Math.floor(100 * share)} %`]),
    ...(perSecond === null ? [] : [`${grouped(perSecond)} rows a second`]),
  ];
  return known.length === 0 ? `${name} is running` : `${name}: ${known.join(', ')}`;
}
