import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { dashboardFile } from '../config/kibana/saved-objects.ts';
import { aliasOf, keyOf, modelOf } from '../core/dataset.ts';
import { modelFields } from '../processing/model.ts';
import { indexField } from '../processing/publish.ts';
import { datasetCommand } from './command.ts';
import { print } from './output.ts';
import { type CommonOptions, openSession, processContext, type Session } from './session.ts';

/** `setup`: topics, index and dashboard, before there is any event; harmless to repeat. */
export function setupCommand(): Command {
  return datasetCommand(
    'setup',
    'make the topics, the index and the Kibana dashboard; may be repeated',
  ).action(async (name: string, options: CommonOptions) => {
    const session = await openSession(name, options, 'write');
    try {
      const made = [session.log.description];
      const { partitions } = await session.log.open();
      if (session.index) {
        await openIndex(session);
        made.push(session.index.description);
      }
      const { kibana, elasticsearch } = session.settings;
      const [publication] = session.dataset.publish;
      const dashboard = join(session.folder, 'kibana.yml');
      if (kibana && elasticsearch && publication && existsSync(dashboard)) {
        const { importSavedObjects } = await import('../adapters/kibana/saved-objects.ts');
        const objects = await importSavedObjects(
          kibana,
          await dashboardFile(dashboard, elasticsearch.index ?? aliasOf(session.dataset, publication)),
        );
        made.push(`kibana ${new URL(kibana).origin}, ${objects} saved objects`);
      }
      print(options.json ?? false, { partitions, made }, () => `ready:\n  ${made.join('\n  ')}`);
    } finally {
      await session.close();
    }
  });
}

async function openIndex(session: Session): Promise<void> {
  const { dataset, index, sql, profiles } = session;
  const { model: text } = await processContext(session);
  const model = modelOf(dataset);
  if (!index || !model || !text || !profiles) return;
  const fields = await modelFields({ dataset, model, query: text.query, sql });
  const table = await profiles.snapshot();
  await index.open(
    fields.map((field) => indexField(field, keyOf(model))),
    table?.metaData.id ?? null,
  );
}
