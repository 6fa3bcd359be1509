import { join } from 'node:path';
import type { Dataset, Source } from '../core/dataset.ts';
import { UsageError } from '../core/errors.ts';
import type { ReadingsOptions } from '../generator/readings.ts';
import { loadReadingsShape } from '../generator/readings-shape.ts';
import { type ProduceResult, produce } from '../ingestion/produce.ts';
import type { Monitor } from '../monitoring/monitor.ts';
import { counted, note, record, thousands } from './output.ts';
import type { Session } from './session.ts';

/** Unless `--seed` says otherwise. */
const SEED = 1;

/**
 * How readings are generated; what is absent is the dataset's rate, seed 1, and neither bad nor late
 * readings.
 */
export interface GenerateReadings extends Partial<ReadingsOptions> {
  readonly rate?: number;
  readonly rows?: number;
}

/**
 * The dataset's source where that is a generator.
 * @throws UsageError `generate:usage` where it is another
 */
export function generatorOf({ source, name }: Dataset): Extract<Source, { type: 'generator' }> {
  if (source.type === 'generator') return source;
  throw new UsageError(
    'generate:usage',
    `${name} has no generator that follows: its source is a ${source.type}`,
    { hint: `Make a file: eventlake generate ${name} --rows 1000 --seed 1 --out file.csv` },
  );
}

/**
 * Writes generated readings into the dataset's log until the signal, telling what goes wrong; the monitor, if
 * there is one, hears of it.
 */
export async function generateReadings(
  { dataset, folder, log }: Pick<Session, 'dataset' | 'folder' | 'log'>,
  { rate, rows, seed = SEED, dirty = 0, late = 0 }: GenerateReadings,
  signal: AbortSignal,
  monitor: Monitor | null,
): Promise<ProduceResult> {
  const source = generatorOf(dataset);
  const shape = await loadReadingsShape(join(folder, 'shape.yml'));
  // Loaded only here: it would add a third of a second to the start of every command.
  const { Readings } = await import('../generator/readings.ts');
  const readings = new Readings(shape, { seed, dirty, late });
  const perSecond = rate ?? source.rate;
  note(`generating ${thousands(perSecond)} readings a second into ${log.description}`, 'info', {
    ...{ event: 'generate_started', hop: 'ingest', rate: perSecond },
  });
  return produce(log, {
    rate: perSecond,
    rows,
    make: (id, time) => readings.reading(id, time),
    onCommit(chunk) {
      monitor?.turn();
      monitor?.chunkCommitted(chunk);
      record(`generate: ${counted(chunk.events, 'reading')} committed`, {
        event: 'commit',
        hop: 'ingest',
        ...chunk,
      });
    },
    onRetry(error, pauseMs) {
      const { message, code, hint } = error;
      monitor?.failed('ingest', message);
      const seconds = pauseMs / 1000;
      note(`warning: generate failed, and is tried again in ${seconds} s: ${message} [${code}]`, 'warn', {
        ...{ event: 'retry', hop: 'ingest', code, hint, pause: seconds },
      });
    },
    onLeftOut(left) {
      note(`warning: the log is slower than the rate: ${counted(left, 'reading')} left out`, 'warn', {
        ...{ event: 'left_out', hop: 'ingest', rows: left },
      });
    },
    signal,
  });
}
