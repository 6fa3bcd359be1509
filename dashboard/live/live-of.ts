import type { Live } from '../../core/dataset.ts';
import { EventlakeError } from '../../core/errors.ts';
import type { DashboardContext } from '../context.ts';
import type { LiveReadings } from './live-readings.ts';

/** The readings of the dataset, and what is shown of them. @throws EventlakeError `dataset:no_live` */
export function liveOf({ dataset, readings }: DashboardContext): { live: Live; readings: LiveReadings } {
  const { name, live } = dataset;
  if (live && readings) return { live, readings };
  throw new EventlakeError('dataset:no_live', `The dataset ${name} has no live readings`, {
    hint: 'A dataset that is exported to CSV has them where its file has the key live.',
  });
}
