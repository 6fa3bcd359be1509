import { CreateBucketCommand, HeadBucketCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { EventlakeError } from '../../core/errors.ts';
import type { Limit, S3Connection } from './connection.ts';
import { statusOf } from './errors.ts';

const PROBE = '_eventlake/conditional-put';

/**
 * Makes the bucket where it is missing, and makes sure that the server does not overwrite on a conditional
 * put: `object:unsupported` when it does, because then two writers could destroy each other's commits.
 */
export async function ensureBucket(connection: S3Connection): Promise<void> {
  const { client, place } = connection;
  const Bucket = place.bucket;
  const exists = await connection.within('open the bucket', async (limit) => {
    try {
      await client.send(new HeadBucketCommand({ Bucket }), limit);
      return true;
    } catch (error) {
      if (statusOf(error) === 404) return false;
      throw error;
    }
  });
  if (!exists) {
    await connection.within('make the bucket', async (limit) => {
      try {
        await client.send(new CreateBucketCommand({ Bucket }), limit);
      } catch (error) {
        // 409: another process has just made it.
        if (statusOf(error) !== 409) throw error;
      }
    });
  }
  if (await connection.within(`write ${PROBE}`, (limit) => overwrites(connection, limit))) {
    throw new EventlakeError(
      'object:unsupported',
      `s3://${Bucket} on ${place.endpoint}: the server ignores If-None-Match`,
      {
        hint: 'Check that the address is the S3 port. Concurrent commits would overwrite each other: use MinIO from 2024-12 on, or another server with conditional writes.',
      },
    );
  }
}

/**
 * Whether two conditional puts of one key are both accepted. A refusal (412, 409), also one that a repeated
 * request got, shows that they are not.
 */
async function overwrites({ client, place }: S3Connection, limit: Limit): Promise<boolean> {
  const Body = Buffer.from('Shows that this server refuses to overwrite on a conditional put.\n');
  for (let put = 0; put < 2; put += 1) {
    try {
      const request = { Bucket: place.bucket, Key: PROBE, Body, IfNoneMatch: '*' };
      await client.send(new PutObjectCommand(request), limit);
    } catch (error) {
      if (statusOf(error) === 412 || statusOf(error) === 409) return false;
      throw error;
    }
  }
  return true;
}
