import { join } from 'node:path';
import { dataFile } from './data.ts';
import { alternate, bareEnvironment, EVENTLAKE_FLAGS, type Measured, measure, mustBe } from './measure.ts';
import { type BenchOptions, type Group, ratio, withVersion } from './report.ts';

const OWN = join(import.meta.dirname, 'record-reader.ts');
const PEER = join(import.meta.dirname, 'csv-parse-reader.ts');

/** The file's records, read and counted. */
export async function parser({ rows, runs }: BenchOptions): Promise<Group> {
  const file = await dataFile(rows);
  const run = async (args: readonly string[]): Promise<Measured> => {
    const measured = await measure([...args, file], bareEnvironment());
    mustBe('rows read', measured.result.rows, rows);
    return measured;
  };
  const figures = await alternate(
    [
      { name: "eventlake's record reader", rows, run: () => run([...EVENTLAKE_FLAGS, OWN]) },
      { name: withVersion('csv-parse'), rows, run: () => run([PEER]) },
    ],
    runs,
  );
  const [own, peer] = figures;
  return {
    title: 'Parser: the records of the file',
    text: `The record reader of \`ingest\` splits lines without quotes at their commas and gives csv-parse the others; it also checks the encoding and the number of
fields, and knows each record's place in the file. The peer is csv-parse alone, streaming, with \`columns: false\`. No field of the
file is quoted. The record reader is ${ratio(peer, own).toFixed(1)} times as fast.`,
    figures,
    pledges: [],
  };
}
