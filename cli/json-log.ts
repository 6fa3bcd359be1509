import { destination, pino, stdTimeFunctions } from 'pino';
import { printable, type Write } from './output.ts';

/** Notes as JSON, one object a line, on standard error. Written at once: the process may end right after. */
export function jsonLog(): Write {
  const logger = pino(
    {
      level: 'trace',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      hooks: { streamWrite: printable },
    },
    destination({ fd: 2, sync: true }),
  );
  return (text, level, details) => logger[level](details, text);
}
