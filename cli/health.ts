import { Argument, Command } from 'commander';
import { UsageError } from '../core/errors.ts';
import { type CheckedServer, health, type ServerCheck } from '../inspection/health.ts';
import { positive, withCommonOptions } from './command.ts';
import { note, print } from './output.ts';
import { SYSTEMS, serverChecks } from './server-checks.ts';
import { type CommonOptions, settingsOf } from './session.ts';

interface HealthOptions extends CommonOptions {
  /** Seconds. */
  readonly timeout: number;
}

type System = keyof typeof SYSTEMS;

/** `health`: every server that the settings name, each by itself; fails when one is not well. */
export function healthCommand(): Command {
  const command = new Command('health')
    .description('ask every broker and server that the settings name whether it is well')
    .addArgument(new Argument('[systems...]', 'only these').choices(Object.keys(SYSTEMS)).default([], 'all'))
    .option('--timeout <seconds>', 'a server that takes longer is not well', positive, 10);
  return withCommonOptions(command).action(async (systems: System[], options: HealthOptions) => {
    const { settings, warnings } = await settingsOf(options);
    for (const warning of warnings) note(`warning: ${warning}`, 'warn');
    const checks = chosen(await serverChecks(settings), systems);
    const report = await health(checks, options.timeout * 1000);
    print(options.json ?? false, report, ({ servers }) => text(servers));
    if (!report.healthy) process.exitCode = 1;
  });
}

/** The checks of these systems, of all where none is named. */
function chosen(checks: readonly ServerCheck[], systems: readonly System[]): readonly ServerCheck[] {
  if (systems.length === 0) return checks;
  const missing = systems.find((name) => !checks.some(({ system }) => system === name));
  if (missing !== undefined) {
    const variable = SYSTEMS[missing];
    throw new UsageError(
      'settings:invalid',
      variable === null
        ? `The ${missing} is no folder here, as the settings name a server for it`
        : `${variable} is not set, so there is no ${missing} to ask`,
      { hint: 'Set it in the environment or in a file (--env-file, --config), or leave the name out.' },
    );
  }
  return checks.filter(({ system }) => systems.includes(system as System));
}

function text(servers: readonly CheckedServer[]): string {
  const names = servers.map(({ system, address }) => `${system} ${address}`);
  const width = Math.max(...names.map(({ length }) => length));
  return servers
    .map(({ healthy, milliseconds, version, detail, error }, i) => {
      const said = error
        ? [`${error.message}${error.code ? ` [${error.code}]` : ''}`]
        : [version, detail].filter((part) => part !== null);
      const line = `${healthy ? '✔' : '✘'} ${names[i]?.padEnd(width)}  ${`${milliseconds} ms`.padStart(8)}  ${said.join(', ')}`;
      return error?.hint ? `${line.trimEnd()}\n    → ${error.hint}` : line.trimEnd();
    })
    .join('\n');
}
