import type { ProcessContext } from '../processing/process.ts';
import { modelSteps } from './model-steps.ts';
import type { Session } from './session.ts';

/** The session as processing wants it. */
export async function processContext(session: Session): Promise<ProcessContext> {
  const { dataset, settings, log, tables, engine, temporary, publications, files } = session;
  const { batchRows, batchSeconds } = settings;
  const models = await modelSteps(session);
  return {
    archive: { dataset, log, tables, engine, batchRows, batchSeconds },
    models,
    publications: publications.flatMap((publication) => {
      const steps = models.find(({ model }) => model.table === publication.table);
      return steps ? [{ ...publication, model: steps.model, table: steps.table }] : [];
    }),
    files,
    engine,
    temporary,
  };
}
