import { useEffect, useState } from 'react';
import type { PipelineAnswer, Problem } from '../../../api.ts';
import { ask, problemOf } from '../api/ask.ts';

/** What the pipeline looks like now, told by the server whenever it changes; one connection, which is made again when it breaks. */
export function usePipeline(): {
  pipeline: PipelineAnswer | null;
  problem: Problem['error'] | null;
  live: boolean;
} {
  const [pipeline, setPipeline] = useState<PipelineAnswer | null>(null);
  const [problem, setProblem] = useState<Problem['error'] | null>(null);
  const [live, setLive] = useState(false);
  useEffect(() => {
    const source = new EventSource('/api/pipeline/stream');
    source.addEventListener('open', () => setLive(true));
    source.addEventListener('pipeline', (event: MessageEvent<string>) => {
      setLive(true);
      setProblem(null);
      setPipeline(JSON.parse(event.data));
    });
    source.addEventListener('error', () => {
      setLive(false);
      // A stream cannot say why it was refused; the same question asked once can.
      if (source.readyState === EventSource.CLOSED) {
        ask('/api/pipeline').catch((error: unknown) => setProblem(problemOf(error)));
      }
    });
    return () => source.close();
  }, []);
  return { pipeline, problem, live };
}
