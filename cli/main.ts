import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { EventlakeError, UsageError } from '../core/errors.ts';
import { auditCommand } from './audit.ts';
import { checkDataCommand } from './check-data.ts';
import { dashboardCommand } from './dashboard.ts';
import { datasetsCommand } from './datasets.ts';
import { demoCommand } from './demo.ts';
import { generateCommand } from './generate.ts';
import { ingestCommand } from './ingest.ts';
import { note, printable } from './output.ts';
import { processCommand } from './process.ts';
import { profileCommand } from './profile.ts';
import { rejectedCommand } from './rejected.ts';
import { resetCommand } from './reset.ts';
import { runCommand } from './run.ts';
import { setupCommand } from './setup.ts';
import { statusCommand } from './status.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
const FAILURE = 1;
const WRONG_USAGE = 2;

const program = new Command('eventlake')
  .description(
    'Events in, a lake and customer profiles out. Settings come from the environment; without any, everything is embedded.',
  )
  .showHelpAfterError('(add --help for what is possible)')
  .version(version)
  .configureOutput({ writeErr: (text) => process.stderr.write(printable(text)) })
  .exitOverride();

for (const command of [
  checkDataCommand(),
  generateCommand(),
  ingestCommand(),
  processCommand(),
  runCommand(),
  statusCommand(),
  auditCommand(),
  rejectedCommand(),
  profileCommand(),
  resetCommand(),
  setupCommand(),
  demoCommand(),
  dashboardCommand(),
  datasetsCommand(),
]) {
  program.addCommand(command.copyInheritedSettings(program));
}

// A reader such as `head` may have seen enough.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? 0 : FAILURE),
);

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = explain(error);
}
// Clients may hold sockets open for a while; all work is done and durable here.
process.exit();

function explain(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
  if (error instanceof EventlakeError) {
    const { code, hint } = error;
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
