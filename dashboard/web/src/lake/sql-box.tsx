import { type KeyboardEvent, useState } from 'react';
import type { LakeAnswer, Problem, SqlAnswer } from '../../../api.ts';
import { post, problemOf } from '../api/ask.ts';
import { grouped } from '../app/format.ts';
import { Pager } from '../app/pager.tsx';
import { ProblemNote } from '../app/problem-note.tsx';
import { SqlResult } from './sql-result.tsx';

const ROWS = 100;

/** Reads the tables with one SELECT at a time. What it may do is the server's to decide: it can read these tables, and nothing else. */
export function SqlBox({ tables }: { tables: LakeAnswer['tables'] }) {
  const [sql, setSql] = useState(`SELECT * FROM ${tables[0]?.table ?? 'events'} LIMIT 100`);
  const [result, setResult] = useState<{ sql: string; offset: number; answer: SqlAnswer } | null>(null);
  const [problem, setProblem] = useState<Problem['error'] | null>(null);
  const [running, setRunning] = useState(false);

  const attempt = async (work: () => Promise<void>) => {
    setRunning(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      setProblem(problemOf(error));
    } finally {
      setRunning(false);
    }
  };
  const run = (text: string, offset: number) =>
    attempt(async () => {
      const response = await post('/api/sql', { sql: text, limit: ROWS, offset });
      setResult({ sql: text, offset, answer: await response.json() });
    });
  const download = () =>
    attempt(async () => {
      const response = await post('/api/sql/csv', { sql });
      const link = document.createElement('a');
      link.href = URL.createObjectURL(await response.blob());
      link.download = 'result.csv';
      link.click();
      URL.revokeObjectURL(link.href);
    });
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run(sql, 0);
  };
  return (
    <section className="panel sql" aria-labelledby="sql-title">
      <h2 id="sql-title">Ask the tables</h2>
      <p className="hint">
        One SELECT in DuckDB's SQL over {tables.map(({ table }) => table).join(', ')}. Ctrl+Enter runs it.
      </p>
      <textarea
        aria-label="SQL"
        value={sql}
        rows={5}
        spellCheck={false}
        onChange={(event) => setSql(event.target.value)}
        onKeyDown={keys}
      />
      <div className="actions">
        <button type="button" className="main" disabled={running} onClick={() => run(sql, 0)}>
          {running ? 'Running …' : 'Run'}
        </button>
        <button type="button" disabled={running} onClick={download}>
          Download CSV
        </button>
        {tables.map(({ table }) => (
          <button
            key={table}
            type="button"
            className="plain"
            onClick={() => setSql(`SELECT count(*) AS rows FROM ${table}`)}
          >
            count {table}
          </button>
        ))}
      </div>
      {problem && <ProblemNote problem={problem} />}
      {result && !problem && (
        <>
          <SqlResult answer={result.answer} />
          <Pager
            label="Pages of the result"
            atFirst={running || result.offset === 0}
            atLast={running || !result.answer.more}
            onTurn={(pages) => run(result.sql, result.offset + pages * ROWS)}
          >
            {result.answer.rows.length === 0
              ? 'No rows'
              : `Rows ${grouped(result.offset + 1)} to ${grouped(result.offset + result.answer.rows.length)}`}
            , {grouped(result.answer.milliseconds)} ms
          </Pager>
        </>
      )}
    </section>
  );
}
