/** `csv-parse-reader.ts <csv>`: the records of a file as csv-parse streams them, counted. */
import { createReadStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { parse } from 'csv-parse';

let rows = -1; // The header is a record too.
const records = createReadStream(process.argv[2] ?? '', { highWaterMark: 1 << 20 }).pipe(
  parse({ columns: false }),
);
records.on('data', () => {
  rows += 1;
});
await finished(records);
console.log(JSON.stringify({ rows }));
