import { CommanderError } from 'commander';
import { EventlakeError, UsageError } from '../core/errors.ts';
import { datasetOf, forDataset } from './hints.ts';
import { note } from './output.ts';
import { eventlake } from './program.ts';

const FAILURE = 1;
const WRONG_USAGE = 2;

// A reader such as `head` may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? 0 : FAILURE),
);

const program = eventlake();
try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error, datasetOf(program));
}
// Clients may hold sockets open for a while; all work is done and durable here.
process.exit();

function explain(error: unknown, dataset: string | null): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  if (error instanceof EventlakeError) {
    const { code } = error;
    const hint = error.hint && forDataset(error.hint, dataset);
    note(`error: ${error.message} [${code}]`, 'error', { event: 'failed', code, hint });
    return error instanceof UsageError ? WRONG_USAGE : FAILURE;
  }
  // Node, DuckDB and the clients all say it in these words, wherever it happens.
  if (error instanceof Error && /ENOSPC|No space left on device/.test(error.message)) {
    note(`error: The disk is full: ${error.message} [disk:full]`, 'error', {
      event: 'failed',
      code: 'disk:full',
      hint: 'Free some space, or set EVENTLAKE_HOME to a larger disk; then run the same command again.',
    });
    return FAILURE;
  }
  if (error instanceof Error && /EMFILE|ENFILE|Too many open files/.test(error.message)) {
    note(`error: Too many files are open: ${error.message} [machine:too_many_files]`, 'error', {
      event: 'failed',
      code: 'machine:too_many_files',
      hint: 'Allow the process more of them (ulimit -n 1024); then run the same command again.',
    });
    return FAILURE;
  }
  note(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`, 'error', {
    event: 'failed',
    hint: 'This is a fault of eventlake itself. What is committed is safe; the same command may be run again.',
  });
  return FAILURE;
}
