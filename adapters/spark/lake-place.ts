import type { TableVersion } from '../../core/data-files.ts';
import { text } from './sql-text.ts';

/** The bucket of the lake, as Spark's executors reach it. */
export interface SparkBucket {
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Properties of a session by which it reaches the bucket. */
export function bucketSettings({
  endpoint,
  bucket,
  accessKey,
  secretKey,
}: SparkBucket): Record<string, string> {
  const property = (name: string) => `fs.s3a.bucket.${bucket}.${name}`;
  return {
    [property('endpoint')]: endpoint,
    [property('endpoint.region')]: 'us-east-1',
    // Both need a library of Amazon's that other servers have no use for.
    [property('input.stream.type')]: 'classic',
    [property('audit.enabled')]: 'false',
    [property('path.style.access')]: 'true',
    [property('connection.ssl.enabled')]: String(endpoint.startsWith('https:')),
    [property('aws.credentials.provider')]: 'org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider',
    [property('access.key')]: accessKey,
    [property('secret.key')]: secretKey,
  };
}

/** Where the table's folder is. */
export function placeOf({ bucket }: SparkBucket, path: string): string {
  return `s3a://${bucket}/${path}`;
}

/**
 * A statement that makes the view `name` of a table at one version. Spark remembers the logs of tables by
 * their places and by options of the file system: with the table's id among these it never takes a table for
 * one that was deleted.
 */
export function tableView(
  bucket: SparkBucket,
  name: string,
  { path, version, metaData }: Pick<TableVersion, 'path' | 'version' | 'metaData'>,
): string {
  return `CREATE OR REPLACE TEMPORARY VIEW ${name} USING delta OPTIONS (
  path ${text(placeOf(bucket, path))}, versionAsOf '${version}', 'fs.eventlake.table' ${text(metaData.id)})`;
}
