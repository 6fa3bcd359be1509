import type { CommitsAnswer, FilesAnswer, LakeAnswer } from '../../../api.ts';
import { useAnswer } from '../api/use-answer.ts';
import { bytes, grouped, time } from '../app/format.ts';
import { Pager } from '../app/pager.tsx';
import { Panel } from '../app/panel.tsx';
import { setOffset, useOffset } from '../app/route.tsx';

const FILES = 20;

/** One table's columns, commits and files. */
export function History({ table }: { table: LakeAnswer['tables'][number] }) {
  const offset = useOffset('file');
  const path = `/api/lake/${table.table}`;
  const commits = useAnswer<CommitsAnswer>(`${path}/commits?limit=20`, table.version);
  const files = useAnswer<FilesAnswer>(`${path}/files?limit=${FILES}&offset=${offset}`, table.version);
  return (
    <div className="panels">
      <div className="stack">
        <Panel title={`Commits of ${table.table}`} hint="The newest 20" loaded={commits}>
          {(answer) => (
            <div className="table">
              <table>
                <thead>
                  <tr>
                    <th scope="col" className="number">
                      version
                    </th>
                    <th scope="col">time</th>
                    <th scope="col">operation</th>
                    <th scope="col" className="number">
                      rows
                    </th>
                    <th scope="col" className="number">
                      files
                    </th>
                  </tr>
                </thead>
                <tbody>
                  {answer.commits.map((commit) => (
                    <tr key={commit.version}>
                      <th scope="row" className="number">
                        {commit.version}
                      </th>
                      <td>{time(commit.time)}</td>
                      <td>{commit.operation.toLowerCase()}</td>
                      <td className="number">+{grouped(commit.rowsAdded)}</td>
                      <td className="number">
                        +{commit.filesAdded} −{commit.filesRemoved}
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Panel>
        <section className="panel" aria-labelledby="columns">
          <h2 id="columns">Columns</h2>
          {table.partitionBy.length > 0 && (
            <p className="hint">Partitioned by {table.partitionBy.join(', ')}</p>
          )}
          <dl className="columns">
            {table.fields.map(({ name, type }) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{type}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
      <div className="stack">
        <Panel title="Files" hint={`Parquet files of version ${table.version}`} loaded={files}>
          {({ total, files: list }) => (
            <>
              {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a list that scrolls must take the keyboard */}
              <ul className="files" aria-label="Files" tabIndex={0}>
                {list.map((file) => (
                  <li key={file.path}>
                    <code>{file.path}</code>
                    <span className="hint">
                      {grouped(file.rows)} rows, {bytes(file.bytes)}, {time(file.written)}
                    </span>
                  </li>
                ))}
              </ul>
              {total > FILES && (
                <Pager
                  label="Pages of files"
                  names={['Newer', 'Older']}
                  atFirst={offset === 0}
                  atLast={offset + list.length >= total}
                  onTurn={(pages) => setOffset('file', offset + pages * FILES)}
                >
                  {grouped(offset + 1)} to {grouped(offset + list.length)} of {grouped(total)}
                </Pager>
              )}
            </>
          )}
        </Panel>
      </div>
    </div>
  );
}
