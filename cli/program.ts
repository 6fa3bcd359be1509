import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { auditCommand } from './audit.ts';
import { checkDataCommand } from './check-data.ts';
import { withCommonOptions } from './command.ts';
import { dashboardCommand } from './dashboard.ts';
import { datasetsCommand } from './datasets.ts';
import { demoCommand } from './demo.ts';
import { exportCommand } from './export.ts';
import { generateCommand } from './generate.ts';
import { healthCommand } from './health.ts';
import { withHelp } from './help.ts';
import { ingestCommand } from './ingest.ts';
import { liveCommand } from './live.ts';
import { printable } from './output.ts';
import { processCommand } from './process.ts';
import { profileCommand } from './profile.ts';
import { rejectedCommand } from './rejected.ts';
import { reportCommand } from './report.ts';
import { resetCommand } from './reset.ts';
import { runCommand } from './run.ts';
import { setupCommand } from './setup.ts';
import { statusCommand } from './status.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The command line with all its commands. Wrong usage is thrown as a `CommanderError`. */
export function eventlake(): Command {
  const program = withCommonOptions(new Command('eventlake'))
    .description(
      'Events in, a lake and tables out. Settings come from the environment; without any, everything is embedded.',
    )
    .showHelpAfterError('(add --help for what is possible)')
    .version(version)
    .configureOutput({ writeErr: (text) => process.stderr.write(printable(text)) })
    .exitOverride()
    .enablePositionalOptions()
    // The options of every command may also stand before it.
    .hook('preAction', (before, command) => {
      for (const [name, value] of Object.entries(before.opts()))
        if (command.getOptionValueSource(name) === undefined) command.setOptionValue(name, value);
    });

  for (const command of [
    checkDataCommand(),
    generateCommand(),
    exportCommand(),
    ingestCommand(),
    processCommand(),
    runCommand(),
    statusCommand(),
    auditCommand(),
    healthCommand(),
    rejectedCommand(),
    profileCommand(),
    reportCommand(),
    resetCommand(),
    setupCommand(),
    demoCommand(),
    dashboardCommand(),
    liveCommand(),
    datasetsCommand(),
  ]) {
    program.addCommand(withHelp(command.copyInheritedSettings(program)));
  }
  return program;
}
