import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { dashboardFile } from '../config/kibana/saved-objects.ts';
import type { TableField } from '../core/data-files.ts';
import { aliasOf, indexPublicationOf } from '../core/dataset.ts';
import { makeEventsTable } from '../processing/archive-commit.ts';
import { computeModels } from '../processing/models.ts';
import { publishTables } from '../processing/publications.ts';
import { sinkFields } from '../processing/publish.ts';
import { datasetCommand } from './command.ts';
import { counted, print } from './output.ts';
import { processContext } from './process-context.ts';
import { type CommonOptions, openSession, type Session } from './session.ts';

/** A model's table that was filled. */
interface Filled {
  readonly table: string;
  readonly rows: number;
}

/**
 * `setup`: topics, index, dashboard and what a warehouse needs, before there is any event; harmless to
 * repeat.
 */
export function setupCommand(): Command {
  return datasetCommand(
    'setup',
    'make the topics, the index, the tables of a warehouse and the Kibana dashboard; may be repeated',
  ).action(async (name: string, options: CommonOptions) => {
    const session = await openSession(name, options, 'write');
    try {
      const { partitions } = await session.log.open();
      const made = [session.log.description, ...(await openSinks(session))];
      const filled = await fillWarehouse(session);
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
      print(options.json ?? false, { partitions, made, filled }, () =>
        ['ready:', ...made, ...filled.map(({ table, rows }) => `${table}: ${counted(rows, 'row')}`)].join(
          '\n  ',
        ),
      );
    } finally {
      await session.close();
    }
  });
}

/**
 * Makes what the tables are published to, for the columns that the models will give, whether there are events
 * or not.
 */
async function openSinks(session: Session): Promise<string[]> {
  const { dataset, engine, publications, openTable } = session;
  const { models } = await processContext(session);
  const earlier: Record<string, readonly TableField[]> = {};
  const made: string[] = [];
  for (const { model, query, lookup, table } of models) {
    for (const name of model.reads ?? []) earlier[name] = (await openTable(name).snapshot())?.fields ?? [];
    const fields = await engine.modelFields({ dataset, model, query, lookup }, earlier);
    earlier[model.table] = fields;
    const columns = sinkFields(fields, { model, columns: dataset.columns });
    for (const { sink } of publications.filter((publication) => publication.table === model.table)) {
      await sink.open(columns, (await table.snapshot())?.metaData.id ?? null);
      made.push(sink.description);
    }
  }
  return made;
}

/**
 * Fills what a warehouse needs no event for, such as the days and what files say of products, in the lake and
 * where it is published: the first `process` finds it there. Nothing for a dataset without tables in
 * PostgreSQL.
 */
async function fillWarehouse(session: Session): Promise<Filled[]> {
  if (!session.dataset.publish.some(({ to }) => to === 'postgres')) return [];
  const context = await processContext(session);
  await makeEventsTable(session.tables.events, session.dataset);
  const { outcomes, versions } = await computeModels(context);
  await publishTables(context, versions);
  return outcomes.flatMap(({ table, rows }) => (rows > 0n ? [{ table, rows: Number(rows) }] : []));
}
