import { join } from 'node:path';
import { runCommand } from './command.ts';
import { installKafka } from './kafka.ts';
import { requireJdk } from './prerequisites.ts';

/**
 * The partitions that Kafka's own Java producer chooses for records with these keys, in their order.
 *
 * Keys are bytes and contain no newline.
 */
export async function javaPartitions(keys: readonly Uint8Array[], partitions: number): Promise<number[]> {
  const classPath = await installKafka();
  const java = await requireJdk();
  const program = join(import.meta.dirname, 'kafka', 'Partition.java');
  const input = Buffer.concat(keys.flatMap((key) => [key, Buffer.from('\n')]));
  const output = await runCommand(java.command, ['-cp', classPath, program, String(partitions)], { input });
  return output.trimEnd().split('\n').map(Number);
}
