import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { Random } from '../../generator/random.ts';
import { readLake } from '../oracle/read-lake.ts';
import {
  type Environment,
  embedded,
  eventlake,
  json,
  outcomeOf,
  putToRest,
  realServers,
  start,
} from '../stack/end-to-end-environment.ts';

jest.setTimeout(180_000);

const KILLS = 4;
const CONTRACT = `name: growing
key: id
time: ts
columns:
  - {name: ts, type: timestamp, required: true}
  - {name: id, type: string, required: true}
  - {name: note, type: string}
`;
const FILE = 'growing.csv';

/** One in five rows is quoted over two lines: a writer's pause, and a kill, may come in the middle of it. */
const rowOf = (i: number) =>
  i % 5 === 0
    ? `2024-05-01T10:00:00Z,row-${i},"note ${i}\nof two lines"\n`
    : `2024-05-01T10:00:00Z,row-${i},note ${i}\n`;

/**
 * Appends to the file in pieces that end anywhere, until it is told to stop; answers with the number of whole
 * rows.
 */
async function write(path: string, random: Random, stop: AbortSignal): Promise<number> {
  let rows = 0;
  let rest = '';
  while (!stop.aborted) {
    while (rest.length < 4000) rest += rowOf(rows++);
    const piece = 1 + random.below(3000);
    await appendFile(path, rest.slice(0, piece));
    rest = rest.slice(piece);
    await sleep(random.below(20));
  }
  await appendFile(path, rest);
  return rows;
}

describe.each([
  { name: 'embedded', open: embedded, seed: 11 },
  { name: 'on real servers', open: realServers, seed: 12 },
])('ingest of a file that grows, killed again and again, $name', ({ open, seed }) => {
  let environment: Environment;
  beforeAll(async () => {
    const opened = await open();
    const variables = { ...opened.variables, EVENTLAKE_DATASETS: join(opened.folder, 'datasets') };
    environment = { ...opened, variables };
    await mkdir(join(environment.folder, 'datasets', 'growing'), { recursive: true });
    await writeFile(join(environment.folder, 'datasets', 'growing', 'dataset.yml'), CONTRACT);
  });
  afterAll(async () => {
    await eventlake(environment, ['reset', 'growing', '--yes']);
    await environment.remove();
  });

  test('brings each row into the lake once, and whole', async () => {
    const random = new Random(seed, 0);
    const path = join(environment.folder, FILE);
    await writeFile(path, 'ts,id,note\n');
    const stop = new AbortController();
    const written = write(path, new Random(seed, 1), stop.signal);
    const ingest = ['ingest', 'growing', '--file', FILE, '--batch-size', '20'];
    for (let kill = 0; kill < KILLS; ) {
      const child = start(environment, ingest);
      const outcome = outcomeOf(child);
      await Promise.race([outcome, sleep(600 + random.below(1200))]);
      if (child.kill('SIGKILL') && (await outcome).code === null) kill += 1;
      else expect(await outcome).toMatchObject({ code: 0 });
    }
    stop.abort();
    const rows = await written;
    await putToRest(path);
    await json(environment, ingest);
    await json(environment, ['process', 'growing']);
    expect(await json(environment, ['audit', 'growing'])).toMatchObject({ balanced: true, file: { rows } });

    const { lake } = environment;
    const found = await readLake(
      `
table = DeltaTable(request["uri"], storage_options=request.get("options")).to_pyarrow_table(columns=["id", "note"])
print(json.dumps(sorted([row["id"], row["note"]] for row in table.to_pylist())))`,
      { ...lake, uri: `${lake.uri.replace(/electronics$/, 'growing')}/events` },
    );
    const expected = Array.from({ length: rows }, (_, i) => [
      `row-${i}`,
      i % 5 === 0 ? `note ${i}\nof two lines` : `note ${i}`,
    ]);
    expect(found).toEqual(expected.sort(([a = ''], [b = '']) => (a < b ? -1 : 1)));
  });
});
