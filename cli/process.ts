import type { Command } from 'commander';
import type { BatchOutcome } from '../processing/archive-commit.ts';
import { follow, type ProcessResult, processTo } from '../processing/process.ts';
import { datasetCommand, stopSignal } from './command.ts';
import { counted, note, print, thousands } from './output.ts';
import { type CommonOptions, openSession, processContext } from './session.ts';

/** `process`: log → lake → profiles → index. */
export function processCommand(): Command {
  return datasetCommand('process', 'bring what is in the log into the lake, the profiles and the index')
    .option('--follow', 'keep going until SIGINT or SIGTERM')
    .action(async (name: string, options: CommonOptions & { follow?: boolean }) => {
      const session = await openSession(name, options);
      try {
        const signal = stopSignal();
        const context = await processContext(session);
        const shown = { ...context, archive: { ...context.archive, onCommit: noteCommit } };
        if (!session.index && session.dataset.model)
          note('nothing is published: ELASTICSEARCH_URL is not set');
        if (options.follow) {
          note(`following ${session.log.description}; stop with Ctrl-C`);
          const archived = await follow(
            shown,
            signal,
            (renewed) => renewed.model?.outcome === 'computed' && note(renewalSummary(renewed)),
          );
          print(options.json ?? false, { archive: archived, model: null, publish: null }, processSummary);
          return;
        }
        const result = await processTo(shown, session.log.ranges(), signal);
        print(options.json ?? false, result, processSummary);
        if (result.archive.stopped) {
          note('stopped before the end of the log; run again to go on');
          process.exitCode = 1;
        }
      } finally {
        await session.close();
      }
    });
}

/** Says what a commit brought. */
export function noteCommit({ events, rejected, seconds, eventsVersion }: BatchOutcome): void {
  const turnedAway = rejected > 0 ? `, ${thousands(rejected)} rejected` : '';
  note(
    `archive: ${counted(events, 'event')}${turnedAway} committed as version ${eventsVersion ?? '-'} in ${seconds.toFixed(1)} s`,
  );
}

/** What processing did, a line a hop. */
export function processSummary({ archive, model, publish }: ProcessResult): string {
  const rejected =
    archive.rejected > 0 ? `, ${thousands(archive.rejected)} rejected (see: make rejected)` : '';
  const first =
    archive.commits === 0
      ? 'archive: nothing new'
      : `archive: ${counted(archive.events, 'event')}${rejected} in ${counted(archive.commits, 'commit')}`;
  const rest = renewalSummary({ model, publish });
  return rest ? `${first}\n${rest}` : first;
}

function renewalSummary({ model, publish }: Omit<ProcessResult, 'archive'>): string {
  const lines: string[] = [];
  if (model?.outcome === 'no_events') lines.push('model:   no events yet');
  else if (model)
    lines.push(
      `model:   ${counted(Number(model.rows), 'profile')}, version ${model.version}${model.outcome === 'up_to_date' ? ' (up to date)' : ''}`,
    );
  if (publish?.outcome === 'published')
    lines.push(
      `publish: ${counted(publish.stored, 'document')} stored, ${thousands(publish.deleted)} deleted`,
    );
  else if (publish?.outcome === 'up_to_date') lines.push('publish: the index is up to date');
  return lines.join('\n');
}
