/** `record-reader.ts <csv>`: the records of a file as `ingest` reads them, counted. */
import { readHeader } from '../ingestion/header.ts';
import { toBlocks } from '../ingestion/lines.ts';
import { toRecords } from '../ingestion/records.ts';
import { openSource, readSource } from '../ingestion/source-file.ts';

const source = await openSource(process.argv[2] ?? '', '');
const header = await readHeader(source);
if (!header) throw new Error('the file is empty');
let rows = 0;
const blocks = toBlocks(readSource(source, header.bytes));
for await (const group of toRecords(blocks, header.nextLine, header.names.length)) rows += group.rows.length;
console.log(JSON.stringify({ rows }));
