import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { dashboardFile } from '../config/kibana/saved-objects.ts';
import { aliasOf, indexPublicationOf } from '../core/dataset.ts';
import type { TableField } from '../lake/schema.ts';
import { modelFields } from '../processing/model-compute.ts';
import { sinkFields } from '../processing/publish.ts';
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
      made.push(...(await openSinks(session)));
      const { kibana, elasticsearch } = session.settings;
      const publication = indexPublicationOf(session.dataset);
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

/** Makes what the tables are published to, for the columns that the models will give, whether there are events or not. */
async function openSinks(session: Session): Promise<string[]> {
  const { dataset, sql, publications, openTable } = session;
  const { models } = await processContext(session);
  const earlier: Record<string, readonly TableField[]> = {};
  const made: string[] = [];
  for (const { model, query, lookup, table } of models) {
    for (const name of model.reads ?? []) earlier[name] = (await openTable(name).snapshot())?.fields ?? [];
    const fields = await modelFields({ dataset, model, query, lookup, sql }, earlier);
    earlier[model.table] = fields;
    const columns = sinkFields(fields, { model, columns: dataset.columns });
    for (const { sink } of publications.filter((publication) => publication.table === model.table)) {
      await sink.open(columns, (await table.snapshot())?.metaData.id ?? null);
      made.push(sink.description);
    }
  }
  return made;
}
