import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { modelOf } from '../core/dataset.ts';
import { runModel } from './model.ts';
import type { ModelOutcome, ModelResult } from './observer.ts';
import type { ProcessContext } from './process-context.ts';

/** What the models gave. */
export interface Modelled {
  /** What became of the model whose rows are the dataset's entities; null for a dataset without models. */
  readonly main: ModelResult | null;
  /** What became of each, in order. */
  readonly outcomes: readonly ModelOutcome[];
  /** The versions of the tables, by name: each is made from those before it, or from newer ones. */
  readonly versions: ReadonlyMap<string, bigint>;
}

/**
 * The third stage: the models in order, on what `context` names. Once the signal is raised it throws the
 * signal's reason.
 */
export async function computeModels(context: ProcessContext, signal?: AbortSignal): Promise<Modelled> {
  const { archive, models, files, engine, modelEngine = engine } = context;
  const { dataset, observe } = archive;
  if (models.length > 0) collectGarbage();
  // Once for all models: they read the same tables within seconds.
  files.recheck();
  let main: ModelResult | null = null;
  const outcomes: ModelOutcome[] = [];
  const versions = new Map<string, bigint>();
  for (const steps of models) {
    observe?.({ type: 'progress', stage: 'model', unit: 'shares', done: 0, total: null });
    const began = performance.now();
    const result = await runModel({
      ...steps,
      ...{ dataset, engine: modelEngine, signal },
      onProgress(done, total) {
        observe?.({ type: 'turn' });
        observe?.({ type: 'progress', stage: 'model', unit: 'shares', done, total });
      },
    });
    const outcome = { table: steps.model.table, ...result };
    observe?.({ type: 'modelled', outcome, seconds: (performance.now() - began) / 1000 });
    outcomes.push(outcome);
    if (steps.model === modelOf(dataset)) main = result;
    if (result.version !== null) versions.set(steps.model.table, result.version);
  }
  return { main, outcomes, versions };
}

/**
 * Lets go of what ingestion and the archive have left behind. The model works in the SQL engine alone, so
 * that JavaScript's own collector, which runs when JavaScript needs memory, would not run for its whole
 * length: 100 MB that the engine could use.
 */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
}
