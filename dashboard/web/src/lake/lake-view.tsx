import type { LakeAnswer } from '../../../api.ts';
import { useTableVersions } from '../api/live.ts';
import { useAnswer } from '../api/use-answer.ts';
import { EmptyLake, isLakeMissing } from '../app/empty-lake.tsx';
import { bytes, grouped } from '../app/format.ts';
import { ProblemNote } from '../app/problem-note.tsx';
import { setQuery, usePlace } from '../app/route.tsx';
import { History } from './history.tsx';
import { SqlBox } from './sql-box.tsx';

/** The tables as they are stored, their history, and a box to ask them anything. */
export function LakeView() {
  const { answer, problem, again } = useAnswer<LakeAnswer>('/api/lake', useTableVersions());
  const tables = answer?.tables ?? [];
  const chosen = usePlace().query.get('table');
  const shown = tables.find(({ table }) => table === chosen) ?? tables[0];
  return (
    <>
      <h1>Lake</h1>
      {answer && <p className="hint">{answer.place}</p>}
      {isLakeMissing(problem) && <EmptyLake />}
      {problem && !isLakeMissing(problem) && <ProblemNote problem={problem} again={again} />}
      <section className="cards" aria-label="Tables">
        {tables.map(({ table, version, rows, files, bytes: size }) => (
          <button
            key={table}
            type="button"
            className="card"
            aria-pressed={table === shown?.table}
            onClick={() => setQuery({ table, file: null })}
          >
            <strong>{table}</strong>
            <span>{grouped(rows)} rows</span>
            <span className="hint">
              version {grouped(version)}, {files === 1 ? '1 file' : `${grouped(files)} files`}, {bytes(size)}
            </span>
          </button>
        ))}
      </section>
      {shown && <SqlBox tables={tables} chosen={shown.table} />}
      {shown && <History key={shown.table} table={shown} />}
    </>
  );
}
