import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../../generator/random.ts';
import { type Environment, embedded, eventlake, json } from '../../stack/end-to-end-environment.ts';
import { checkExact } from '../electronics.ts';
import type { RepeatedFault } from '../fault.ts';
import { generate, one, type Source } from './source.ts';

/** Requires a code that says which part of the lake is damaged. */
export function requireCoded(command: string, stderr: string): void {
  if (/\[(lake|object):\w+\]/.test(stderr) && !stderr.includes('fault of eventlake')) return;
  throw new Error(`${command} has no code of the lake: ${stderr}`);
}

/** Fills a lake whose tables `events` and `rejected` have a checkpoint, and commits after it. */
export async function manyCommits(environment: Environment, random: Random): Promise<Source> {
  const file = await generate(environment, 'a.csv', random);
  const small = ['--batch-size', `${45 + random.below(10)}`];
  const { code, stderr } = await eventlake(environment, ['run', '--file', file.name, ...small], {
    BATCH_ROWS: '40',
  });
  if (code !== 0) throw new Error(`run ended with ${code}: ${stderr}`);
  return file;
}

function garbage(random: Random): Buffer {
  return Buffer.from(Array.from({ length: random.below(300) }, () => random.below(256)));
}

/** The bytes with one change of a kind that is drawn. */
function damaged(whole: Buffer, random: Random): Buffer {
  const lines = whole.toString('latin1').split('\n');
  const [i, j] = [random.below(lines.length), random.below(lines.length)];
  const ofLines = (changed: string[]) => Buffer.from(changed.join('\n'), 'latin1');
  return one<() => Buffer>(random, [
    () => garbage(random),
    () => whole.subarray(0, random.below(whole.length)),
    () => {
      const flipped = Buffer.from(whole);
      const at = random.below(whole.length);
      flipped.writeUInt8(whole.readUInt8(at) ^ (1 << random.below(8)), at);
      return flipped;
    },
    () => ofLines(lines.toSpliced(i, 1)),
    () => ofLines(lines.toSpliced(j, 0, lines[i] ?? '')),
    () => ofLines(lines.with(i, lines[j] ?? '').with(j, lines[i] ?? '')),
  ])();
}

/** What a hint to the last checkpoint becomes; null when it is deleted. */
function badHint(whole: Buffer, random: Random): Buffer | null {
  return one<Buffer | null>(random, [
    null,
    damaged(whole, random),
    Buffer.from(JSON.stringify({ version: random.below(30), size: 1 })),
    Buffer.from(JSON.stringify({ version: 10, parts: 1 + random.below(5) })),
    Buffer.from(one(random, ['null', '[]', '{}', '{"version":-10}', '{"version":1e300}', '"10"'])),
  ]);
}

/** A file of the lake's Delta logs, drawn, before and after it was damaged. */
interface DamagedFile {
  readonly path: string;
  readonly whole: Buffer;
  /** Null when it is deleted. */
  readonly harmed: Buffer | null;
}

/**
 * Damages files of the Delta logs whose names end so. `check` runs commands; the file is put back afterwards.
 * `before` is what the audit said of the whole lake.
 */
function damagedLog(
  description: Pick<RepeatedFault, 'name' | 'how' | 'outcome'>,
  ending: string,
  damage: (whole: Buffer, random: Random) => Buffer | null,
  check: (environment: Environment, file: DamagedFile, before: unknown) => Promise<number>,
): RepeatedFault {
  return {
    ...description,
    async openHarmed({ random }) {
      const environment = await embedded();
      const source = await manyCommits(environment, random);
      const before = await json(environment, ['audit']);
      return {
        async inject() {
          const { uri } = environment.lake;
          const names = await readdir(uri, { recursive: true });
          const found = names.filter((name) => name.includes('_delta_log') && name.endsWith(ending)).sort();
          const path = join(uri, one(random, found));
          const whole = await readFile(path);
          const harmed = damage(whole, random);
          if (harmed?.equals(whole)) return 0;
          if (harmed === null) await rm(path);
          else await writeFile(path, harmed);
          const fired = await check(environment, { path, whole, harmed }, before);
          // What a command has written again stays.
          const now = await readFile(path).catch(() => null);
          if (now === null || harmed?.equals(now)) await writeFile(path, whole);
          return fired;
        },
        checkExact: () => checkExact(environment, [source]),
        close: () => environment.remove(),
      };
    },
  };
}

function requireSame(now: unknown, before: unknown): void {
  if (JSON.stringify(now) !== JSON.stringify(before))
    throw new Error(`the audit says ${JSON.stringify(now)} and not ${JSON.stringify(before)}`);
}

/** Damage to the logs of Delta tables. */
export const DAMAGED_LOGS: readonly RepeatedFault[] = [
  damagedLog(
    {
      name: 'damaged-commit',
      how: "a commit's JSON is cut, loses, repeats or exchanges lines, has a flipped bit or other bytes, or is gone",
      outcome:
        'the audit fails with a code of the lake, or does not need this commit; exact once it is whole',
    },
    '.json',
    (whole, random) => (random.below(7) === 0 ? null : damaged(whole, random)),
    async (environment, { path, harmed }, before) => {
      const { code, stdout, stderr } = await eventlake(environment, ['audit', '--json']);
      if (code === 1) requireCoded('audit', stderr);
      else if (code === 0) requireSame(JSON.parse(stdout), before);
      // Without its newest commits a table is an older one, of which the log has more rows.
      else if (code !== 3 || harmed !== null)
        throw new Error(`audit ended with ${code} after damage to ${path}: ${stderr}${stdout}`);
      return code === 0 ? 0 : 1;
    },
  ),
  damagedLog(
    {
      name: 'bad-hint',
      how: 'a `_last_checkpoint` is damaged, gone, or names a checkpoint that does not exist',
      outcome: 'it is ignored; exact',
    },
    '_last_checkpoint',
    badHint,
    async (environment, _, before) => {
      requireSame(await json(environment, ['audit']), before);
      return 1;
    },
  ),
  damagedLog(
    {
      name: 'damaged-checkpoint',
      how: 'a checkpoint is cut, has a flipped bit or other bytes',
      outcome: 'it is written again; exact',
    },
    '.checkpoint.parquet',
    damaged,
    async (environment, { path, harmed }) => {
      await json(environment, ['process']);
      const again = await readFile(path);
      if (harmed?.equals(again)) throw new Error(`${path} is as damaged as before`);
      return 1;
    },
  ),
];
