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
  const { batchRows, batchSeconds } = settings;
  const models = await modelSteps(session);
  return {
    archive: {
      ...{ dataset, log, tables, engine, batchRows, batchSeconds },
      ...(observe && { observe }),
      ...(skip && { skip }),
    },
    models,
    publications: publications.flatMap((publication) => {
      const steps = models.find(({ model }) => model.table === publication.table);
      return steps ? [{ ...publication, model: steps.model, table: steps.table }] : [];
    }),
    ...{ files, engine, temporary },
    ...additions,
  };
}
