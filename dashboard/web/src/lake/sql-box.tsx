import { type KeyboardEvent, useEffect, useState } from 'react';
import type { LakeAnswer, Problem, SqlAnswer } from '../../../api.ts';
import { post, problemOf } from '../api/ask.ts';
import { CopyLink } from '../app/copy-link.tsx';
import { grouped } from '../app/format.ts';
import { Pager } from '../app/pager.tsx';
import { ProblemNote } from '../app/problem-note.tsx';
import { setOffset, setQuery, useOffset, usePlace } from '../app/route.tsx';
import { SqlResult } from './sql-result.tsx';

const ROWS = 100;
const SUGGESTED = /^SELECT \* FROM \w+ LIMIT 100$/;

interface SqlBoxProps {
  readonly tables: LakeAnswer['tables'];
  /** The table that the box suggests to read, unless something else was typed. */
  readonly chosen: string;
}

/**
 * Reads the tables with one SELECT at a time. What it may do is the server's to decide: it can read these
 * tables, and nothing else. What runs is in the address.
 */
export function SqlBox({ tables, chosen }: SqlBoxProps) {
  const asked = usePlace().query.get('sql');
  const offset = useOffset('row');
  const [sql, setSql] = useState('');
  const [result, setResult] = useState<{ offset: number; answer: SqlAnswer } | null>(null);
  const [turn, setTurn] = useState(0);
  const [problem, setProblem] = useState<Problem['error'] | null>(null);
  const [running, setRunning] = useState(false);

  useEffect(() => {
    const suggested = `SELECT * FROM ${chosen} LIMIT 100`;
    setSql((typed) => (typed === '' || SUGGESTED.test(typed) ? suggested : typed));
  }, [chosen]);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new turn runs the same again
  useEffect(() => {
    if (asked === null) {
      setProblem(null);
      setResult(null);
      setRunning(false);
      return;
    }
    setSql(asked);
    const stop = new AbortController();
    const work = async () => {
      const response = await post('/api/sql', { sql: asked, limit: ROWS, offset }, stop.signal);
      setResult({ offset, answer: await response.json() });
    };
    attempt(work, stop.signal);
    return () => stop.abort();
  }, [asked, offset, turn]);

  const attempt = async (work: () => Promise<void>, stopped?: AbortSignal) => {
    setRunning(true);
    setProblem(null);
    try {
      await work();
    } catch (error) {
      if (!stopped?.aborted) setProblem(problemOf(error));
    } finally {
      if (!stopped?.aborted) setRunning(false);
    }
  };
  const run = () => {
    if (sql === asked && offset === 0) setTurn(turn + 1);
    else setQuery({ sql, row: null });
  };
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
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) run();
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
        <button type="button" className="main" disabled={running} onClick={run}>
          {running ? 'Running …' : 'Run'}
        </button>
        <button type="button" disabled={running} onClick={download}>
          Download CSV
        </button>
        {asked !== null && <CopyLink />}
      </div>
      {problem && <ProblemNote problem={problem} />}
      {result && !problem && (
        <>
          <SqlResult answer={result.answer} />
          <Pager
            label="Pages of the result"
            atFirst={running || result.offset === 0}
            atLast={running || !result.answer.more}
            onTurn={(pages) => setOffset('row', result.offset + pages * ROWS)}
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
