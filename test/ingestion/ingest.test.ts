import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { contents, ingestFile, rows, textsIn, textsOf, Workplace } from './fixtures.ts';

let place: Workplace;
beforeEach(async () => {
  place = await Workplace.create();
});
afterEach(() => rm(place.folder, { recursive: true }));

const HEADER = 'at,id,text\n';

describe('ingesting a file', () => {
  test('makes each row an event, keyed and in order, and each bad line a dead letter that says where it was', async () => {
    const lines = [
      '\ufefftext,extra,id,at',
      'a,1,7,now',
      '',
      '"b\n""c""",2,7,now',
      'short',
      ',,,',
      'd"e,3,8,now',
      'x'.repeat(131_073),
      'f,4,7,now',
    ];
    const path = await place.put('file.csv', `${lines.join('\r\n')}`);
    const log = place.log(2);
    const result = await ingestFile(log, path);
    expect(result).toMatchObject({ outcome: 'ingested', rows: 7, events: 4, deadLetters: 3 });
    expect(result.warnings).toEqual(['columns not in the contract are not carried: extra']);
    const { events, deadLetters } = await contents(log);
    const bySeven = [
      '{"at":"now","id":"7","text":"a"}',
      '{"at":"now","id":"7","text":"b\\n\\"c\\""}',
      '{"at":"now","id":"7","text":"f"}',
    ];
    // The keyless event goes by the number of its line, which is 7.
    expect(events.flat().sort()).toEqual([...bySeven, '{"at":null,"id":null,"text":null}'].sort());
    expect(
      events
        .find((partition) => partition.includes(bySeven[0] ?? ''))
        ?.filter((event) => event.includes('"7"')),
    ).toEqual(bySeven);
    expect(events[1]).toContain('{"at":null,"id":null,"text":null}');
    expect(deadLetters).toEqual([
      {
        file: path,
        line: 6,
        reason: 'line:wrong_field_count',
        detail: '1 fields where the header has 4',
        raw: 'short',
      },
      {
        file: path,
        line: 8,
        reason: 'line:broken_quote',
        detail: 'a quote stands where none may, or is not closed in time',
        raw: 'd"e,3,8,now',
      },
      {
        file: path,
        line: 9,
        reason: 'line:too_long',
        detail: expect.stringContaining('131072'),
        raw: 'x'.repeat(131_072),
      },
    ]);
  });

  test('leaves an entry in the ledger that says how far it came, by content', async () => {
    const content = `${HEADER}${rows(1, 7)}oops\n`;
    const path = await place.put('file.csv', content);
    const log = place.log();
    const { entry } = await ingestFile(log, path);
    expect(entry).toMatchObject({
      file: path,
      bytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
      lines: 9,
      rows: 8,
      events: 7,
      deadLetters: 1,
      complete: true,
    });
    expect(await log.ledger()).toEqual([entry]);
    expect(await textsIn(log)).toEqual(textsOf(1, 7));
  });

  test('tells its progress after each chunk', async () => {
    const path = await place.put('file.csv', HEADER + rows(1, 7));
    const seen: number[] = [];
    await ingestFile(place.log(), path, { onProgress: ({ rows: n }) => seen.push(n) });
    expect(seen).toEqual([3, 6, 7]);
  });

  test('commits fewer rows together when they are long', async () => {
    const long = Array.from({ length: 300 }, (_, i) => `now,${i},${'x'.repeat(120_000)}\n`).join('');
    const path = await place.put('long.csv', HEADER + long);
    const seen: number[] = [];
    const log = place.log();
    await ingestFile(log, path, { chunkRows: 20_000, onProgress: ({ rows: n }) => seen.push(n) });
    // 140 values of 120 kB are the first to exceed 16 MB.
    expect(seen).toEqual([140, 280, 300]);
    expect((await contents(log)).events.flat().length).toBe(300);
  });

  test('that is empty does nothing and says so', async () => {
    for (const content of ['', '\n\n', '\ufeff']) {
      const result = await ingestFile(place.log(), await place.put('empty.csv', content));
      expect(result).toMatchObject({
        outcome: 'nothing_new',
        rows: 0,
        entry: null,
        warnings: [expect.stringContaining('is empty')],
      });
    }
    expect(await place.log().ledger()).toEqual([]);
  });

  test('with nothing but a header is ingested, known, and continued when it grows', async () => {
    const log = place.log();
    for (const header of ['at,id,text', HEADER]) {
      const name = `header${header.length}.csv`;
      expect(await ingestFile(log, await place.put(name, header))).toMatchObject({
        rows: 0,
        entry: { lines: header === HEADER ? 1 : 0, complete: true },
      });
      expect(await ingestFile(log, join(place.folder, name))).toMatchObject({ outcome: 'nothing_new' });
    }
    expect(
      await ingestFile(log, await place.put('header10.csv', `${HEADER}oops\n${rows(1, 1)}`)),
    ).toMatchObject({ outcome: 'continued', rows: 2 });
    expect((await contents(log)).deadLetters.map(({ line }) => line)).toEqual([2]);
  });

  test('lacking a required column is refused before anything is written, and an optional one is warned of', async () => {
    const log = place.log();
    await expect(ingestFile(log, await place.put('bad.csv', 'id,text\n1,a\n'))).rejects.toMatchObject({
      code: 'ingest:missing_column',
    });
    expect(await log.ranges()).toEqual([]);
    const { warnings } = await ingestFile(log, await place.put('good.csv', 'id,at\n1,now\n'));
    expect(warnings).toEqual(['optional columns not in the file stay empty: text']);
  });

  test('that is cut off in its gzip stream keeps what was read, and continues with the whole file', async () => {
    const content = `${HEADER}${rows(1, 200_000)}`;
    const packed = gzipSync(content, { level: 1 });
    const path = await place.put('file.csv.gz', packed.subarray(0, -100_000));
    const log = place.log();
    await expect(ingestFile(log, path, { chunkRows: 20_000 })).rejects.toMatchObject({
      code: 'ingest:bad_gzip',
    });
    const [kept] = await log.ledger();
    expect(kept?.rows).toBeGreaterThan(0);
    await place.put('file.csv.gz', packed);
    expect(await ingestFile(log, path, { chunkRows: 20_000 })).toMatchObject({
      outcome: 'continued',
      entry: { rows: 200_000 },
    });
    expect((await textsIn(log)).length).toBe(200_000);
  });
});

describe('a file that is known', () => {
  const known = async (content = HEADER + rows(1, 7)) => {
    const path = await place.put('file.csv', content);
    const log = place.log();
    await ingestFile(log, path);
    return { path, log };
  };

  test('adds nothing, under any name, packed or not', async () => {
    const { path, log } = await known();
    const before = await log.ranges();
    const copies = [
      path,
      await place.put('copy.csv', HEADER + rows(1, 7)),
      await place.put('copy.csv.gz', gzipSync(HEADER + rows(1, 7))),
    ];
    for (const copy of copies)
      expect(await ingestFile(log, copy)).toMatchObject({
        outcome: 'nothing_new',
        rows: 0,
        entry: { file: path, rows: 7 },
      });
    expect(await log.ranges()).toEqual(before);
    expect((await log.ledger()).length).toBe(1);
  });

  test('is continued where it grew, with the lines still numbered right, packed or not', async () => {
    const { log } = await known();
    const grown = `${HEADER}${rows(1, 7)}oops\n${rows(8, 9)}`;
    const result = await ingestFile(log, await place.put('file.csv', grown));
    expect(result).toMatchObject({
      outcome: 'continued',
      rows: 3,
      entry: { rows: 10, lines: 11, bytes: grown.length },
    });
    const packed = await place.put('other.csv.gz', gzipSync(`${grown}oops\n${rows(10, 10)}`));
    expect(await ingestFile(log, packed)).toMatchObject({
      outcome: 'continued',
      rows: 2,
      entry: { file: packed },
    });
    expect(await textsIn(log)).toEqual(textsOf(1, 10));
    expect((await contents(log)).deadLetters.map(({ line }) => line)).toEqual([9, 12]);
    expect((await log.ledger()).length).toBe(1);
  });

  test.each(['\n', '\r\n'])('whose last line had no end continues after %j', async (end) => {
    const { log } = await known((HEADER + rows(1, 2)).slice(0, -1));
    expect(
      await ingestFile(log, await place.put('file.csv', `${(HEADER + rows(1, 2)).slice(0, -1)}${end}`)),
    ).toMatchObject({ outcome: 'continued', rows: 0 });
    const grown = `${(HEADER + rows(1, 2)).slice(0, -1)}${end}oops\n${rows(3, 3)}`;
    expect(await ingestFile(log, await place.put('file.csv', grown))).toMatchObject({
      outcome: 'continued',
      rows: 2,
    });
    expect(await textsIn(log)).toEqual(textsOf(1, 3));
    expect((await contents(log)).deadLetters.map(({ line }) => line)).toEqual([4]);
  });

  test('whose last line had no end is refused when that line continues', async () => {
    const { path, log } = await known((HEADER + rows(1, 2)).slice(0, -1));
    await place.put('file.csv', `${(HEADER + rows(1, 2)).slice(0, -1)}5\n`);
    await expect(ingestFile(log, path)).rejects.toMatchObject({
      code: 'ingest:file_changed',
      message: expect.stringContaining('line 3, continues now'),
      hint: expect.stringContaining('--again'),
    });
    // What was ingested again since is known all the same.
    expect(await ingestFile(log, path, { again: true })).toMatchObject({ outcome: 'ingested', rows: 2 });
    expect(await ingestFile(log, path)).toMatchObject({ outcome: 'nothing_new' });
  });

  test('that changed below what was read is refused, until it is ingested again', async () => {
    const { path, log } = await known();
    const changed = (HEADER + rows(1, 9)).replace('row 003', 'row xxx');
    await place.put('file.csv', changed);
    await expect(ingestFile(log, path)).rejects.toMatchObject({
      code: 'ingest:file_changed',
      message: expect.stringMatching(
        /file\.csv has changed since it was ingested on .*: its first \d+ bytes, ingested then as 7 rows, are different now$/,
      ),
      hint: expect.stringContaining('--again'),
    });
    await place.put('file.csv', HEADER + rows(1, 5));
    await expect(ingestFile(log, path)).rejects.toMatchObject({ code: 'ingest:file_changed' });
    await place.put('file.csv', changed);
    expect(await ingestFile(log, path, { again: true })).toMatchObject({ outcome: 'ingested', rows: 9 });
    expect(await ingestFile(log, path)).toMatchObject({ outcome: 'nothing_new', entry: { rows: 9 } });
  });

  test('is ingested again when that is asked for, and what was left of that is finished by the next run', async () => {
    const { path, log } = await known();
    expect(await ingestFile(log, path, { again: true, limit: 4 })).toMatchObject({
      outcome: 'stopped',
      rows: 4,
    });
    expect(await ingestFile(log, path)).toMatchObject({
      outcome: 'continued',
      rows: 3,
      entry: { rows: 7, complete: true },
    });
    expect(await ingestFile(log, path)).toMatchObject({ outcome: 'nothing_new' });
    expect(await textsIn(log)).toEqual(textsOf(1, 7).flatMap((text) => [text, text]));
    expect((await log.ledger()).map((entry) => entry.rows)).toEqual([7, 7]);
  });
});
