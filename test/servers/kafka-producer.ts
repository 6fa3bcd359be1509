import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { installKafka, type KafkaLogin } from './kafka.ts';
import { requireJdk } from './prerequisites.ts';

/**
 * Kafka's own console producer, in a process of its own: it writes each line, and repeats what a broker did
 * not acknowledge.
 */
export interface JavaProducer {
  /**
   * Hands lines over, each without its line feed and no tab but the one after its key. Does not wait until
   * they are in the log.
   */
  write(lines: readonly string[]): void;
  /** Waits until all lines are in the log. */
  end(): Promise<void>;
}

/** Starts it; its file of settings is in `folder`. */
export async function startJavaProducer(
  folder: string,
  topic: string,
  brokers: readonly string[],
  { mechanism, username, password }: KafkaLogin,
): Promise<JavaProducer> {
  const classPath = await installKafka();
  const java = await requireJdk();
  const config = join(folder, 'producer.properties');
  const module = 'org.apache.kafka.common.security.plain.PlainLoginModule';
  await writeFile(
    config,
    `security.protocol=SASL_PLAINTEXT
sasl.mechanism=${mechanism}
sasl.jaas.config=${module} required username="${username}" password="${password}";
`,
  );
  const options = ['--bootstrap-server', brokers.join(','), '--topic', topic, '--command-config', config];
  const keyed = ['--reader-property', 'parse.key=true'];
  const args = [
    '-Xmx128m',
    '-XX:TieredStopAtLevel=1',
    '-cp',
    classPath,
    'org.apache.kafka.tools.ConsoleProducer',
  ];
  const child = spawn(java.command, [...args, ...options, ...keyed], { stdio: ['pipe', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const said = text(child.stderr);
  child.stdin.on('error', () => {});
  return {
    write: (lines) => void child.stdin.write(lines.map((line) => `${line}\n`).join('')),
    async end() {
      child.stdin.end();
      const [status] = await ended;
      if (status !== 0) throw new Error(`the producer ended with ${status}: ${await said}`);
    },
  };
}
