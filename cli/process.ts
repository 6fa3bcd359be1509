import { type Command, Option } from 'commander';
import { UsageError } from '../core/errors.ts';
import { follow } from '../processing/follow.ts';
import { processTo } from '../processing/process.ts';
import { STOPPED, stopOnSignals } from './command.ts';
import { commandOverDatasets, eachDataset } from './each-dataset.ts';
import { openMonitor } from './monitoring.ts';
import { note, record } from './output.ts';
import { processContext } from './process-context.ts';
import { Progress } from './progress.ts';
import { type MaxRejectedOptions, maxRejectedOption, Rejections } from './rejections.ts';
import { type CommonOptions, noteStores, type Session } from './session.ts';
import { type SkipOptions, Skips, skipOption } from './skip.ts';
import { processSummary, reported } from './stage-reports.ts';
import { writeModeOption } from './warehouse.ts';

interface ProcessOptions extends CommonOptions, SkipOptions, MaxRejectedOptions {
  readonly follow?: boolean;
  readonly republish?: boolean;
}

/** `process`: log → lake → profiles → index. */
export function processCommand(): Command {
  return commandOverDatasets('process', 'bring what is in the log into the lake, the profiles and the index')
    .option('--follow', 'keep going until SIGINT or SIGTERM')
    .addOption(new Option('--republish', 'empty the index, and send every profile again').conflicts('follow'))
    .addOption(writeModeOption())
    .addOption(skipOption())
    .addOption(maxRejectedOption().conflicts('follow'))
    .action(async (names: string[], options: ProcessOptions) => {
      const stop = stopOnSignals();
      if (options.follow && names.length > 1) {
        throw new UsageError('settings:one_dataset', '--follow is for one dataset', {
          hint: 'Start a process for each: eventlake process <dataset> --follow',
        });
      }
      const { signal } = stop;
      await eachDataset(names, options, { access: 'write', signal }, async (session) => {
        noteStores(session);
        const monitor = await openMonitor(session);
        const isEndless = options.follow ?? false;
        const progress = new Progress();
        const reports = { monitor, progress, telling: { commits: true, renewals: isEndless } };
        const republish = options.republish ?? false;
        const skips = new Skips(options);
        const context = skips.in(reported({ ...(await processContext(session)), republish }, reports));
        noteUnpublished(session);
        if (options.follow) {
          note(`following ${session.log.description}; stop with Ctrl-C`, 'info', { event: 'follow_started' });
          const engine = await session.engine.beside();
          const archived = await follow({ ...context, engine }, stop).finally(() => {
            progress.end();
            return engine.close();
          });
          skips.end();
          record('stopped', { event: 'stopped', ...archived });
          const result = { archive: archived, model: null, publish: null, published: [] };
          return { result, text: processSummary(result) };
        }
        const judged = new Rejections(options).in(context);
        const result = await processTo(judged, session.log.ranges(), signal).finally(() => progress.end());
        skips.end();
        if (result.archive.stopped) {
          note(STOPPED, 'info', { event: 'stopped' });
          process.exitCode = 1;
        }
        return { result, text: processSummary(result) };
      });
    });
}

/** Says of the systems that the dataset is published to which have no address. */
function noteUnpublished({ dataset, publications }: Session): void {
  const given = new Set<string>(publications.map(({ to }) => to));
  const wanted = new Set<string>(dataset.publish.map(({ to }) => to));
  const missing = Object.entries(VARIABLES).filter(([to]) => wanted.has(to) && !given.has(to));
  if (missing.length === 0) return;
  const variables = missing.map(([, variable]) => variable).join(' and ');
  note(`${given.size === 0 ? 'nothing' : 'not everything'} is published: ${variables} is not set`);
}

/** The settings that name the servers, by what a publication is to. */
const VARIABLES = { elasticsearch: 'ELASTICSEARCH_URL', postgres: 'WAREHOUSE_URL' };
