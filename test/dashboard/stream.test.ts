import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { PipelineAnswer } from '../../dashboard/api.ts';
import { waitFor } from '../wait-for.ts';
import { fileOf, type Line, Shown, SMALL } from './fixtures.ts';

let shown: Shown;
let address: string;
beforeEach(async () => {
  shown = await Shown.open();
  address = await shown.dashboard.server.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(() => shown.close());

interface Told {
  readonly event: string;
  readonly data: unknown;
}

/** What a browser would be told over one connection. */
async function* listen(signal: AbortSignal): AsyncGenerator<Told> {
  const answer = await fetch(`${address}/api/pipeline/stream`, { signal });
  expect(answer.headers.get('content-type')).toBe('text/event-stream');
  expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
  if (!answer.body) throw new Error('no body');
  let event = '';
  for await (const line of createInterface({ input: Readable.fromWeb(answer.body) })) {
    if (line.startsWith('event: ')) event = line.slice(7);
    if (line.startsWith('data: ')) yield { event, data: JSON.parse(line.slice(6)) };
  }
}

const rowsOf = (state: PipelineAnswer) => state.hops.map(({ rows }) => rows);

test('tells the state at once, and what moves while another process runs', async () => {
  const stop = new AbortController();
  const told = listen(stop.signal);
  const first = (await told.next()).value as Told;
  expect(first.event).toBe('pipeline');
  expect(first.data).toMatchObject({ hops: [{ rows: 0 }, { rows: 0 }, { rows: 0 }, { rows: null }] });
  // Long enough for a second look, of which nothing is told.
  await sleep(2500);
  const running = shown.run(SMALL);
  let last = first.data as PipelineAnswer;
  let events: string | null = null;
  while (rowsOf(last)[2] !== 3 || events === null) {
    const { event, data } = (await told.next()).value as Told;
    if (event === 'overview') ({ events } = (data as { versions: { events: string | null } }).versions);
    else {
      // Only what has changed is told.
      expect(data).not.toEqual(last);
      last = data as PipelineAnswer;
    }
  }
  await running;
  expect(rowsOf(last)).toEqual([10, 10, 3, null]);
  expect(last.status).toEqual((await shown.ask<PipelineAnswer>('/api/pipeline')).body.status);
  expect(events).toBe('0');
  stop.abort();
}, 60_000);

test('facts that nobody asks for are not prepared again; a request gets the newest', async () => {
  const line: Line = { time: '2020-10-31 00:00:00', type: 'view', user: '1' };
  const prepared = () => readdir(join(shown.session.cache, 'dashboard'));
  const stop = new AbortController();
  const told = listen(stop.signal);
  const another = async (version: string) => {
    await shown.run(fileOf([{ ...line, user: version }]), `${version}.csv`);
    for (;;) {
      const { event, data } = (await told.next()).value as Told;
      if (event === 'overview' && (data as { versions: { events: string } }).versions.events === version)
        return;
    }
  };
  // What is prepared at the start may still be under way.
  await another('0');
  await another('1');
  const before = await prepared();
  await another('2');
  expect(await prepared()).toEqual(before);
  const events = async () => (await shown.ask<{ events: number }>('/api/overview')).body.events;
  await waitFor(events, (count) => count === 3);
  expect(await prepared()).not.toEqual(before);
  stop.abort();
}, 60_000);

test('is the same for many, who may go at any time, and ends with the server', async () => {
  const line: Line = { time: '2020-10-31 00:00:00', type: 'view', user: '1' };
  await shown.run(fileOf([line]));
  const gone = new AbortController();
  const leaving = listen(gone.signal);
  await leaving.next();
  const staying = Array.from({ length: 5 }, () => listen(new AbortController().signal));
  await Promise.all(staying.map((told) => told.next()));
  gone.abort();
  await leaving.next().catch(() => {});
  await shown.run(fileOf([{ ...line, user: '2' }]), 'more.csv');
  for (const told of staying) {
    for (let rows: number | null | undefined = 0; rows !== 2; ) {
      const { event, data } = (await told.next()).value as Told;
      if (event === 'pipeline') rows = rowsOf(data as PipelineAnswer)[1];
    }
  }
  await shown.dashboard.server.close();
  for (const told of staying) {
    const left = (async () => {
      while (!(await told.next()).done);
    })();
    await left.catch((error) => expect(String(error)).toMatch(/terminated|closed|aborted/));
  }
}, 60_000);
