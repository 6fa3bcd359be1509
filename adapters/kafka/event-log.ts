import type {
  EventLog,
  LedgerEntry,
  LogReader,
  LogWriter,
  PartitionRange,
  ReaderOptions,
} from '../../core/contracts.ts';
import { EventlakeError } from '../../core/errors.ts';
import { type KafkaAddress, KafkaCluster } from './connection.ts';
import { KafkaGroup } from './group.ts';
import { readLedger } from './ledger.ts';
import { KafkaLogReader } from './reader.ts';
import { createTopics, deleteTopics, type KafkaTopics, streamTopics, topicsOf } from './topics.ts';
import { KafkaLogWriter } from './writer.ts';

/** Where the log of a dataset is. */
export interface KafkaEventLogOptions extends KafkaAddress {
  /** Of the events; `<topic>.dead-letters` and `<topic>.ingestions` belong to it. */
  readonly topic: string;
  /** Of the events topic, when it has to be made. */
  readonly partitions: number;
  /**
   * Other programs write the topic of the events: it is never made, and may have no topic of dead letters.
   */
  readonly readOnly?: boolean;
  /** Hears of what is tried again or may be lost. */
  readonly debug?: (message: string) => void;
}

/**
 * The event log on Kafka: the events and the dead letters are a topic each, the ledger is a compacted topic,
 * and a chunk is a transaction over the three. Writers and readers have connections of their own, because
 * their requests wait.
 */
export class KafkaEventLog implements EventLog {
  readonly description: string;
  readonly #options: KafkaEventLogOptions;
  readonly #topics: KafkaTopics;
  readonly #cluster: KafkaCluster;

  constructor(options: KafkaEventLogOptions) {
    this.description = `kafka ${options.brokers.join(',')}, topic ${options.topic}`;
    this.#options = options;
    this.#topics = topicsOf(options.topic);
    this.#cluster = new KafkaCluster(options);
  }

  async open(): Promise<{ id: string; partitions: number }> {
    const { events } = this.#topics;
    if (this.#options.readOnly) {
      return this.#explained('find the topic', async () => {
        const found = (await this.#cluster.topics([events])).get(events);
        if (!found) throw missing(events, 'The programs that write to it make it. Is KAFKA_TOPIC right?');
        return { id: found.id, partitions: found.leaders.length };
      });
    }
    return this.#explained('make the topics', async () => {
      const { id, leaders } = await createTopics(this.#cluster, this.#topics, this.#options.partitions);
      return { id, partitions: leaders.length };
    });
  }

  async id(): Promise<string | null> {
    const { events } = this.#topics;
    return this.#explained('tell its id', async () => {
      return (await this.#cluster.topics([events])).get(events)?.id ?? null;
    });
  }

  async writer(): Promise<LogWriter> {
    return KafkaLogWriter.open(new KafkaCluster(this.#options), this.#topics);
  }

  async reader(options: ReaderOptions): Promise<LogReader> {
    const { group } = options;
    const cluster = new KafkaCluster(this.#options);
    const streams = streamTopics(this.#topics);
    const reader = new KafkaLogReader(cluster, options, streams, this.#options.debug ?? (() => {}));
    try {
      const found = await cluster.topics([...streams.keys()]);
      const needed = this.#options.readOnly ? [this.#topics.events] : [...streams.keys()];
      const absent = needed.find((topic) => !found.has(topic));
      if (absent !== undefined) throw missing(absent, 'Ingest the dataset first.');
      const topics = [...streams.keys()].filter((topic) => found.has(topic));
      if (group === undefined) {
        const all = topics.flatMap((topic) =>
          (found.get(topic)?.leaders ?? []).map((_, partition) => ({ topic, partition })),
        );
        reader.assigned(all, false);
      } else {
        // A group is this log's own: members that read other topics would be given partitions of this one,
        // and leave them unread.
        const own = `${group}-${this.#topics.events}`;
        reader.group = await KafkaGroup.join(this.#options, own, topics, reader);
      }
      return reader;
    } catch (error) {
      await reader.close();
      throw cluster.explain(error, `read topic ${this.#topics.events}`);
    }
  }

  async ranges(): Promise<PartitionRange[]> {
    return this.#explained('tell what its partitions hold', async () => {
      const streams = streamTopics(this.#topics);
      const topics = [...streams.keys()];
      const [starts, ends] = await Promise.all([
        this.#cluster.offsets(topics, 'earliest'),
        this.#cluster.offsets(topics, 'latest'),
      ]);
      return [...streams].flatMap(([topic, stream]) =>
        (starts.get(topic) ?? []).map((start, partition) => ({
          stream,
          partition,
          start,
          end: ends.get(topic)?.[partition] ?? start,
        })),
      );
    });
  }

  async ledger(): Promise<LedgerEntry[]> {
    return this.#explained('read the ledger', () => readLedger(this.#cluster, this.#topics.ingestions));
  }

  async wipe(): Promise<void> {
    await this.#explained('delete the topics', () => deleteTopics(this.#cluster, this.#topics));
  }

  async close(): Promise<void> {
    await this.#cluster.close();
  }

  async #explained<T>(doing: string, call: () => Promise<T>): Promise<T> {
    try {
      return await this.#cluster.within(call);
    } catch (error) {
      throw this.#cluster.explain(error, doing);
    }
  }
}

function missing(topic: string, hint: string): EventlakeError {
  return new EventlakeError('log:missing', `There is no topic ${topic}.`, { hint });
}
