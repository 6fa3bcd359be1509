import { getCACertificates } from 'node:tls';
import { Option } from 'commander';
import type { SparkEngine } from '../adapters/spark/engine.ts';
import type { Settings } from '../config/settings.ts';
import type { ObjectStore } from '../core/contracts.ts';
import { type Dataset, topicOf } from '../core/dataset.ts';
import type { LocalEngine } from '../core/engine.ts';
import { UsageError } from '../core/errors.ts';

/** `--engine`, of the commands that archive and compute models. */
export function engineOption(): Option {
  return new Option(
    '--engine <engine>',
    'what archives and computes models (default: ENGINE, or duckdb)',
  ).choices(['duckdb', 'spark']);
}

/** What Spark works with in this process. */
interface Parts {
  readonly dataset: Dataset;
  readonly store: ObjectStore;
  readonly local: LocalEngine;
  readonly temporary: string;
  /** Interrupts what runs. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to Spark.
 * @throws UsageError `settings:engine` where a setting is missing without which Spark cannot work: it reads
 *   Kafka and writes to S3 by itself
 */
export async function openSparkEngine(settings: Settings, parts: Parts): Promise<SparkEngine> {
  const { sparkRemote, kafka, minio } = settings;
  if (!sparkRemote || !kafka || !minio) {
    const needed = { SPARK_REMOTE: sparkRemote, KAFKA_BROKERS: kafka, MINIO_ENDPOINT: minio };
    const missing = Object.entries(needed).flatMap(([name, given]) => (given ? [] : [name]));
    throw new UsageError('settings:engine', `the engine spark needs ${missing.join(' and ')}, not set here`, {
      hint: 'Spark reads Kafka and writes to S3 by itself. Set it, or use --engine duckdb, which also works on local files.',
    });
  }
  // Loaded only where it is used, as all client libraries.
  const { openSpark } = await import('../adapters/spark/session.ts');
  const { SparkEngine } = await import('../adapters/spark/engine.ts');
  const events = settings.topic ?? topicOf(parts.dataset);
  const { brokers, ssl, sasl } = kafka;
  return SparkEngine.open({
    ...parts,
    connect: () => openSpark(sparkRemote, { signal: parts.signal }),
    bucket: minio,
    kafka: {
      ...{ brokers, ssl, ...(sasl ? { sasl } : {}) },
      trusted: getCACertificates('extra'),
      topics: { events, 'dead-letters': `${events}.dead-letters` },
    },
  });
}
