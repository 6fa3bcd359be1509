import { UsageError } from '../core/errors.ts';
import type { ArchiveContext } from '../processing/archive.ts';
import type { ProcessContext } from '../processing/process-context.ts';
import { modelSteps } from './model-steps.ts';
import type { Session } from './session.ts';

/** What a command adds to its session. */
type Additions = Pick<ArchiveContext, 'observe' | 'skip'> &
  Pick<ProcessContext, 'republish' | 'checkArchived'>;

/** The session as processing wants it. */
export async function processContext(
  session: Session,
  { observe, skip, ...additions }: Additions = {},
): Promise<ProcessContext> {
  const { dataset, settings, log, tables, engine, temporary, publications, files } = session;
  const { batchSeconds } = settings;
  if (settings.engine === 'spark' && skip && skip.size > 0) {
    throw new UsageError('settings:engine', 'the engine spark cannot step over batches of the log', {
      hint: 'Spark reads the log by itself. Run process once with --engine duckdb and --skip, then again with spark.',
    });
  }
  const spark = settings.engine === 'spark' ? await session.spark() : null;
  const models = await modelSteps(session);
  return {
    archive: {
      ...{ dataset, log, tables, batchSeconds },
      engine: spark ?? engine,
      batchRows: spark ? settings.sparkBatchRows : settings.batchRows,
      ...(observe && { observe }),
      ...(skip && { skip }),
    },
    models,
    publications: publications.flatMap((publication) => {
      const steps = models.find(({ model }) => model.table === publication.table);
      return steps ? [{ ...publication, model: steps.model, table: steps.table }] : [];
    }),
    ...{ files, engine, temporary },
    ...(spark && { modelEngine: spark }),
    ...additions,
  };
}
