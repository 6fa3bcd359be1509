import type { EventLog, LogReader, ReaderOptions, RecordBatch } from '../../core/contracts.ts';

/** The log, but what a reader shows goes through `change`, which may show batches again or leave them out. */
export function disturbed(
  log: EventLog,
  change: (batch: RecordBatch | null) => (RecordBatch | null)[],
): EventLog {
  const reader = async (options: ReaderOptions): Promise<LogReader> => {
    const inner = await log.reader(options);
    const waiting: (RecordBatch | null)[] = [];
    return {
      poll: async (waitMs) => {
        if (waiting.length === 0) waiting.push(...change(await inner.poll(waitMs)));
        return waiting.shift() ?? null;
      },
      commit: (positions) => inner.commit(positions),
      close: () => inner.close(),
    };
  };
  return Object.assign(Object.create(log), {
    open: () => log.open(),
    id: () => log.id(),
    ranges: () => log.ranges(),
    reader,
  });
}
