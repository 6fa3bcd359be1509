import type { SinkPublication } from '../core/dataset.ts';
import type { Modelled } from './models.ts';
import type { Published, PublishResult } from './observer.ts';
import type { ProcessContext, PublishSteps } from './process-context.ts';
import { publishTogether } from './publish.ts';

/**
 * The fourth stage: the publications in order, those of one group together. Where one fails, those that
 * follow to the same system are left; the first failure is thrown in the end. What ends it early is the
 * signal that the sinks were opened with.
 *
 * @param versions What {@link computeModels} gave. The newest versions would not do: a model may be running
 *   beside this stage, and have made facts whose dimensions it has not made yet.
 */
export async function publishTables(
  context: ProcessContext,
  versions: Modelled['versions'],
): Promise<Published[]> {
  const published: Published[] = [];
  const failures = new Map<SinkPublication['to'], unknown>();
  for (const steps of grouped(context.publications)) {
    const to = steps[0]?.to ?? 'postgres';
    if (failures.has(to)) continue;
    try {
      published.push(...(await publishGroup(context, steps, versions)));
    } catch (error) {
      failures.set(to, error);
    }
  }
  for (const failure of failures.values()) throw failure;
  return published;
}

/** Those that are finished together, in the order of the first of each. */
function grouped(publications: readonly PublishSteps[]): PublishSteps[][] {
  return [...Map.groupBy(publications, ({ sink }) => sink.group ?? sink).values()];
}

async function publishGroup(
  context: ProcessContext,
  publications: readonly PublishSteps[],
  versions: Modelled['versions'],
): Promise<Published[]> {
  const { archive, files, engine, temporary } = context;
  const { dataset, observe } = archive;
  const unit = publications[0]?.sink.form ?? 'documents';
  observe?.({ type: 'progress', stage: 'publish', unit, done: 0, total: null });
  const began = performance.now();
  const results = await publishTogether(
    publications.map(({ model, table, sink }) => ({
      ...{ model, columns: dataset.columns, profiles: table, sink, files, engine, temporary },
      version: versions.get(model.table),
      republish: context.republish ?? false,
      onProgress(done, total) {
        observe?.({ type: 'turn' });
        if (done !== undefined) observe?.({ type: 'progress', stage: 'publish', unit, done, total });
      },
    })),
  );
  const seconds = (performance.now() - began) / 1000;
  return publications.map(({ model, to }, i) => {
    const outcome = { table: model.table, to, ...(results[i] as PublishResult) };
    // All of a group take the time that it takes.
    observe?.({ type: 'published', outcome, seconds });
    return outcome;
  });
}
