import type { FastifyInstance } from 'fastify';
import { datasetNames, loadDataset } from '../config/dataset/read.ts';
import type { Dataset } from '../core/dataset.ts';
import { EventlakeError, UsageError } from '../core/errors.ts';
import { DEFAULT_DATASET } from './command.ts';
import { settingOfOneDataset } from './each-dataset.ts';
import { note } from './output.ts';
import { type CommonOptions, datasetPlaces, settingsOf } from './session.ts';

/**
 * The datasets that a dashboard shows: the one that is named, else all, that of DATASET first. One whose file
 * is wrong is left out, with a warning; the first one may not be wrong.
 */
export async function datasetsToShow(
  named: string | undefined,
  options: CommonOptions,
): Promise<[Dataset, ...Dataset[]]> {
  const { settings } = await settingsOf(options);
  const places = datasetPlaces(settings);
  const setting = settingOfOneDataset(settings);
  if (named === undefined && setting !== null)
    note(`only ${DEFAULT_DATASET} is shown: ${setting} is set, which is for one dataset`);
  const first = named ?? (DEFAULT_DATASET || (await datasetNames(places))[0] || '');
  const others = named === undefined && setting === null ? await datasetNames(places) : [];
  const datasets: [Dataset, ...Dataset[]] = [(await loadDataset(places, first)).dataset];
  for (const name of others.filter((other) => other !== first)) {
    try {
      datasets.push((await loadDataset(places, name)).dataset);
    } catch (error) {
      if (!(error instanceof EventlakeError)) throw error;
      note(`warning: the dataset ${name} is not shown: ${error.message}`, 'warn');
    }
  }
  return datasets;
}

/** The dashboard of one of these. */
interface OtherDashboard {
  readonly server: FastifyInstance;
  close(): Promise<void>;
}

/** The dashboards of the datasets beside the first, each opened when it is first asked for. */
export class OtherDashboards {
  readonly #open: (name: string) => Promise<OtherDashboard>;
  readonly #names: readonly string[];
  readonly #opened = new Map<string, Promise<OtherDashboard>>();

  constructor(names: readonly string[], open: (name: string) => Promise<OtherDashboard>) {
    this.#names = names;
    this.#open = open;
  }

  /** @throws UsageError `dataset:unknown` when it is not one of these */
  async serverOf(name: string): Promise<FastifyInstance> {
    if (!this.#names.includes(name)) {
      throw new UsageError('dataset:unknown', `This dashboard shows no dataset ${name} here`, {
        hint: '/api/datasets says which it shows, and where.',
      });
    }
    const opening = this.#opened.get(name) ?? this.#open(name);
    this.#opened.set(name, opening);
    // What could not be opened is tried again when it is asked for again.
    const { server } = await opening.catch((error) => {
      this.#opened.delete(name);
      throw error;
    });
    await server.ready();
    return server;
  }

  async close(): Promise<void> {
    const opened = await Promise.allSettled(this.#opened.values());
    await Promise.all(opened.map((one) => (one.status === 'fulfilled' ? one.value.close() : undefined)));
  }
}
