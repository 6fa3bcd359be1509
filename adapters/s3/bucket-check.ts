import { HeadBucketCommand } from '@aws-sdk/client-s3';
import type { ServerState } from '../../core/contracts.ts';
import { S3Connection, type S3Options } from './connection.ts';
import { statusOf } from './errors.ts';

/**
 * Asks once for the bucket; one that is missing is not a fault, as commands that write make it.
 * @throws `object:unreachable`, `object:forbidden` and others as `explainS3` says
 */
export async function checkBucket(options: S3Options, deadlineMs: number): Promise<ServerState> {
  const deadlines = { connect: deadlineMs, silence: deadlineMs, budget: deadlineMs, tries: 1 };
  const connection = new S3Connection({ ...options, deadlines });
  try {
    return await connection.within('open the bucket', async (limit) => {
      try {
        await connection.client.send(new HeadBucketCommand({ Bucket: options.bucket }), limit);
        return { version: null, detail: null };
      } catch (error) {
        if (statusOf(error) !== 404) throw error;
        return {
          version: null,
          detail: 'there is no such bucket yet: the first command that writes makes it',
        };
      }
    });
  } finally {
    connection.client.destroy();
  }
}
