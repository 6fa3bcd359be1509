import { EventlakeError } from './errors.ts';

/** The error of a log that was deleted, and perhaps made again, while it was at work. */
export function recreatedLog(message: string): EventlakeError {
  return new EventlakeError('log:made_anew', message, {
    hint: 'After eventlake reset, run the command again. If something else deleted it, its offsets are not those of the lake: eventlake reset --yes, then ingest again.',
  });
}
