import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../generator/random.ts';
import { python } from '../oracle/compare.ts';
import { WarehouseReader } from '../oracle/warehouse.ts';
import { locate, POSTGRES } from '../servers/test-servers.ts';
import { type Environment, json, outcomeOf, start } from '../stack/end-to-end-environment.ts';

/** Names that nothing else on the servers has: those of the datasets are those of their topics. */
interface Names {
  readonly visits: string;
  readonly stays: string;
  readonly schema: string;
}

const VISITS = ({ visits, schema }: Names) => `
name: ${visits}
source: {type: file, format: ndjson, path: visits.ndjson}
key: guest
time: moment
columns:
  - {name: moment, type: timestamp, required: true}
  - {name: guest, type: string, required: true}
  - {name: amount, type: "decimal(8,2)", required: true, min: 0}
models:
  - {table: totals, sql: totals.sql, key: [guest], shareBy: guest, audit: {events: visits, amount: spent}}
  - {table: silences, sql: silences.sql, key: [guest]}
publish:
  - {table: totals, to: elasticsearch, index: ${visits}-totals}
  - {table: silences, to: postgres, schema: ${schema}}
`;
const STAYS = ({ visits, stays }: Names) => `
name: ${stays}
source: {type: file, format: ndjson, path: stays.ndjson}
key: room
time: moment
columns:
  - {name: moment, type: timestamp, required: true}
  - {name: room, type: string, required: true}
  - {name: guest, type: string, required: true}
models:
  - {table: rooms, sql: rooms.sql, key: [room], shareBy: room}
  - {table: guests, sql: guests.sql, key: [guest], reads: [${visits}.totals], audit: {events: stays}}
publish:
  - {table: guests, to: elasticsearch, index: ${visits}-guests}
`;
const TOTALS = `SELECT guest, count(*) AS visits, CAST(sum(amount) AS DECIMAL(18, 2)) AS spent, max(moment) AS latest
FROM (SELECT DISTINCT moment, guest, amount FROM events) GROUP BY guest`;
const SILENCES = `SELECT guest, CAST(floor((unix_timestamp(dataset.last_event) - unix_timestamp(latest)) / 3600) AS INT) AS hours
FROM totals CROSS JOIN dataset`;
const ROOMS = `SELECT room, count(*) AS stays, count(DISTINCT guest) AS guests
FROM (SELECT DISTINCT moment, room, guest FROM events) GROUP BY room`;
const GUESTS = ({ visits }: Names) => `SELECT stays.guest, stays.stays, spent FROM
(SELECT guest, count(*) AS stays FROM (SELECT DISTINCT moment, room, guest FROM events) GROUP BY guest) AS stays
LEFT JOIN ${visits}.totals AS totals ON totals.guest = stays.guest`;

/** Rows that are added to both files between two kills. */
const ROWS = 1_000;
const GUEST_COUNT = 60;
const ROOM_COUNT = 12;
const DAY = 24 * 3600;
/** Jobs that are started for each one that is to be killed: some end before their moment comes. */
const ATTEMPTS = 10;

/**
 * Two datasets with four models and three sinks. `run` of one of them is killed with SIGKILL until `kills`
 * processes were, each at a random moment of a job with new rows; then what is in the lake, in Elasticsearch
 * and in PostgreSQL is compared with a computation in Python.
 *
 * @returns how many processes were killed before they ended by themselves: `kills`, or fewer where
 * ten times as many jobs gave no such moment
 */
export async function killTwoDatasets(own: Environment, random: Random, kills: number): Promise<number> {
  const id = randomUUID().replaceAll('-', '').slice(0, 12);
  const names = { visits: `visits_${id}`, stays: `stays_${id}`, schema: `two_${id}` };
  const { KAFKA_TOPIC: _, ELASTICSEARCH_INDEX: __, ...variables } = own.variables;
  const postgres = (await locate(POSTGRES)).address;
  const elasticsearch = process.env.EVENTLAKE_TEST_ELASTICSEARCH ?? '';
  const environment: Environment = {
    ...own,
    variables: {
      ...variables,
      EVENTLAKE_DATASETS: join(own.folder, 'datasets'),
      ELASTICSEARCH_URL: elasticsearch,
      WAREHOUSE_URL: postgres,
    },
  };
  await writeDatasets(environment, names);
  const both = [names.visits, names.stays];
  const warehouse = await WarehouseReader.start();
  try {
    await addRows(environment, random);
    let began = performance.now();
    await json(environment, ['run', names.visits]);
    // As long as a job takes on this machine at this time: the first one also makes tables and indices.
    let wholeMs = performance.now() - began;
    let killed = 0;
    for (let i = 0; killed < kills && i < kills * ATTEMPTS; i++) {
      await addRows(environment, random);
      const dataset = both[random.below(both.length)] ?? '';
      began = performance.now();
      const child = start(environment, ['run', dataset]);
      const outcome = outcomeOf(child);
      await Promise.race([outcome, sleep(wholeMs * (0.2 + (0.8 * random.below(1_000)) / 1_000))]);
      if (child.kill('SIGKILL') && (await outcome).code === null) killed += 1;
      else wholeMs = Math.min(wholeMs, performance.now() - began);
    }
    for (const dataset of both) await json(environment, ['run', dataset]);
    await json(environment, ['audit', ...both]);
    await requireEqual(environment, names, { elasticsearch, postgres });
    return killed;
  } finally {
    await Promise.allSettled(both.map((dataset) => json(environment, ['reset', dataset, '--yes'])));
    await warehouse.rows(postgres, `DROP SCHEMA IF EXISTS ${names.schema} CASCADE`);
    await warehouse.stop();
  }
}

async function writeDatasets({ folder }: Environment, names: Names): Promise<void> {
  const files = {
    [names.visits]: { 'dataset.yml': VISITS(names), 'totals.sql': TOTALS, 'silences.sql': SILENCES },
    [names.stays]: { 'dataset.yml': STAYS(names), 'rooms.sql': ROOMS, 'guests.sql': GUESTS(names) },
  };
  for (const [dataset, texts] of Object.entries(files)) {
    const own = join(folder, 'datasets', dataset);
    await mkdir(own, { recursive: true });
    for (const [name, text] of Object.entries(texts)) await writeFile(join(own, name), text);
  }
}

/** Appends rows to both files: some twice, and some that break the contract. */
async function addRows({ folder }: Environment, random: Random): Promise<void> {
  const visits: string[] = [];
  const stays: string[] = [];
  for (let i = 0; i < ROWS; i++) {
    const moment = new Date(1_700_000_000_000 + random.below(30 * DAY) * 1_000).toISOString();
    const guest = `guest ${random.below(GUEST_COUNT)}`;
    const amount = random.below(50) === 0 ? 'much' : `${random.below(100)}.${10 + random.below(90)}`;
    visits.push(JSON.stringify({ moment, guest, amount: random.below(50) === 0 ? '-1.00' : amount }));
    const room = random.below(50) === 0 ? undefined : `room ${random.below(ROOM_COUNT)}`;
    stays.push(JSON.stringify({ moment, room, guest }));
    if (random.below(20) === 0) visits.push(visits.at(-1) ?? '');
    if (random.below(20) === 0) stays.push(stays.at(-1) ?? '');
  }
  await appendFile(join(folder, 'visits.ndjson'), `${visits.join('\n')}\n`);
  await appendFile(join(folder, 'stays.ndjson'), `${stays.join('\n')}\n`);
}

async function requireEqual(
  { folder, lake }: Environment,
  { visits, stays, schema }: Names,
  servers: { readonly elasticsearch: string; readonly postgres: string },
): Promise<void> {
  const uri = (dataset: string, table: string) => `${lake.uri.replace(/electronics$/, dataset)}/${table}`;
  const request = {
    ...servers,
    schema,
    visits: join(folder, 'visits.ndjson'),
    stays: join(folder, 'stays.ndjson'),
    options: lake.options ?? {},
    tables: {
      totals: uri(visits, 'totals'),
      silences: uri(visits, 'silences'),
      rooms: uri(stays, 'rooms'),
      guests: uri(stays, 'guests'),
    },
    indices: { totals: `${visits}-totals`, guests: `${visits}-guests` },
  };
  const program = join(import.meta.dirname, '..', 'oracle', 'two_datasets.py');
  // Not synchronously: the program may read through a proxy that this process is.
  const child = spawn(python(), [program], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify(request));
  const differences: string[] = JSON.parse(await text(child.stdout));
  if (differences.length > 0) throw new Error(differences.join('\n'));
}
