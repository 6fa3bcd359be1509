import { type Partition, partitionId, type RecordBatch } from './contracts.ts';
import { EventlakeError } from './errors.ts';
import { Slices } from './slices.ts';

/** `events/3@1234`: names a batch by the first of its offsets that is to be read, as `--skip` takes it. */
export function batchName(partition: Partition, offset: bigint): string {
  return `${partitionId(partition)}@${offset}`;
}

/** The error of a batch that cannot be read, with the command that steps over it. */
export function unreadable(error: EventlakeError, name: string): EventlakeError {
  const { code, message, hint, cause } = error;
  const skip = `To continue without its records: eventlake process --skip ${name}`;
  return new EventlakeError(code, message, { hint: hint === undefined ? skip : `${hint} ${skip}`, cause });
}

/**
 * What a reader hands over in place of the records of a batch that is to be skipped, with offsets `first` up
 * to, not including, `next`: one record at `first`, whose value says for people what was there. `claimed` is
 * the number of records that the batch says it holds; more than it has offsets cannot be.
 */
export function placeholder(
  first: bigint,
  next: bigint,
  claimed: number,
  { message }: EventlakeError,
): Pick<RecordBatch, 'offsets' | 'timestamps' | 'values' | 'unreadable'> {
  const records = Math.min(Math.max(claimed, 0), Number(next - first));
  const text = `${records} record(s) at offsets ${first} to ${next - 1n}: ${message}`;
  return { offsets: [first], timestamps: [-1], values: Slices.of([Buffer.from(text)]), unreadable: true };
}
