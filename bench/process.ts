import { thousands } from '../cli/output.ts';
import { dataFile } from './data.ts';
import { alternate, measureEventlake, mustBe } from './measure.ts';
import { type BenchOptions, type Group, perSecond } from './report.ts';
import { findStack, onFreshNames } from './stack.ts';

/** Kafka → MinIO → Elasticsearch: the archive, the model and the index, in one command. */
export async function processing({ rows, runs }: BenchOptions): Promise<Group> {
  const stack = await findStack();
  const file = await dataFile(rows);
  let documents = 0;

  const own = () =>
    onFreshNames(stack, async (environment) => {
      await measureEventlake(['ingest', 'electronics', '--file', file], environment);
      const measured = await measureEventlake(['process', 'electronics'], environment);
      const { archive, model, publish } = measured.result;
      mustBe('events archived', archive.events, rows);
      mustBe('documents stored', publish.stored, model.rows);
      documents = Number(publish.stored);
      return measured;
    });

  const figures = await alternate([{ name: 'eventlake process', rows, run: own }], runs);
  const [mine] = figures;
  return {
    title: 'Process: Kafka → MinIO → Elasticsearch',
    text: `\`eventlake process\` over a new topic into a new bucket and a new index: ${thousands(rows)} events read, checked, written as Delta tables, and made
into ${thousands(documents)} profiles that are written as a table and indexed.`,
    figures,
    pledges: [
      {
        promise: 'at least 60,000 events/s overall',
        measured: `${thousands(perSecond(mine))} events/s`,
        kept: perSecond(mine) >= 60_000,
      },
    ],
  };
}
