import { join } from 'node:path';
import { DATASETS, loadDataset, modelQuery } from '../config/dataset/read.ts';
import { runCommand } from '../test/servers/command.ts';
import { sparkVariables } from '../test/servers/spark.ts';
import type { Environment, Measured } from './measure.ts';

const JOB = join(import.meta.dirname, 'spark-peer.py');

/** What the job has found, and the seconds that its parts took. */
export interface PeerResult {
  readonly start: number;
  readonly archive: number;
  readonly model: number;
  readonly events: number;
  readonly profiles: number;
  readonly spent: string;
}

/** Properties of a cluster by which the job reaches the lake's server. */
export function storeSettings({ MINIO_ENDPOINT, ...environment }: Environment): Record<string, string> {
  const settings = {
    endpoint: MINIO_ENDPOINT ?? '',
    'endpoint.region': 'us-east-1',
    'path.style.access': 'true',
    'connection.ssl.enabled': String(MINIO_ENDPOINT?.startsWith('https:')),
    // Both need a library of Amazon's that other servers have no use for.
    'input.stream.type': 'classic',
    'audit.enabled': 'false',
    'access.key': environment.MINIO_ACCESS_KEY ?? '',
    'secret.key': environment.MINIO_SECRET_KEY ?? '',
  };
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [`spark.hadoop.fs.s3a.${name}`, value]),
  );
}

/**
 * Submits the job to the cluster in the folder, and measures its work without the start of its session. What
 * its processes use is Spark's: CPU and memory are not measured.
 */
export async function runPeer(folder: string, environment: Environment): Promise<Measured> {
  const variables = await sparkVariables(folder);
  const { KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic, MINIO_BUCKET: bucket } = environment;
  const { dataset, ...place } = await loadDataset([DATASETS], 'electronics');
  const { columns } = dataset;
  const models = await Promise.all(
    dataset.models.map(async (model) => ({
      table: model.table,
      sql: await modelQuery({ dataset, ...place }, model),
    })),
  );
  const request = {
    ...{ brokers, topic, bucket, models },
    schema: columns.map(({ name }) => `${name} STRING`).join(', '),
    casts: Object.fromEntries(
      columns
        .filter(({ type }) => type !== 'string' && type !== 'timestamp')
        .map(({ name, type }) => [name, type === 'int64' ? 'bigint' : type]),
    ),
  };
  const submit = join(variables.SPARK_HOME ?? '', 'bin', 'spark-submit');
  const output = await runCommand(submit, [JOB, JSON.stringify(request)], { env: variables });
  const result: PeerResult = JSON.parse(output.trim().split('\n').at(-1) ?? '');
  return { seconds: result.archive + result.model, cpuSeconds: 0, peakBytes: 0, notes: '', result };
}
