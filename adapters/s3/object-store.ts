import { createWriteStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { ObjectInfo, ObjectStore } from '../../core/contracts.ts';
import { EventlakeError, hasCode } from '../../core/errors.ts';
import { checkKey } from '../object-key.ts';
import { explainS3, type S3Place, statusOf, wasRetried } from './errors.ts';

/** Where a bucket is and who asks. */
export interface S3Options {
  /** Such as `http://localhost:9000`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/**
 * Files are sent in pieces of this size, each held in memory: a piece can be sent again after a fault and its checksum is signed, neither of
 * which works for a stream.
 */
const PART_BYTES = 16 * 1024 * 1024;
const DELETES_AT_ONCE = 1000;
const TRIES = 4;
const PROBE = '_eventlake/conditional-put';

/**
 * An object store in a bucket of MinIO or any other S3 server that honours `If-None-Match: *` on PutObject.
 * Requests that fail by network or overload are repeated a few times; then `object:unreachable` or `object:failed`, both retriable.
 */
export class S3ObjectStore implements ObjectStore {
  readonly description: string;
  readonly #client: S3Client;
  readonly #place: S3Place;

  constructor({ endpoint, bucket, accessKey, secretKey }: S3Options) {
    const { protocol, host } = new URL(endpoint);
    this.#place = { endpoint: `${protocol}//${host}`, bucket };
    this.description = `s3://${bucket} on ${this.#place.endpoint}`;
    this.#client = new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
      // The checksums that newer SDKs add by default are not known to every S3 server.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: TRIES,
      requestHandler: { connectionTimeout: 5_000, socketTimeout: 60_000 },
    });
  }

  /**
   * Makes the bucket where it is missing, and makes sure that the server does not overwrite on a conditional put:
   * `object:unsupported` when it does, because then two writers could destroy each other's commits.
   */
  async ensureBucket(): Promise<void> {
    const Bucket = this.#place.bucket;
    const exists = await this.#client.send(new HeadBucketCommand({ Bucket })).then(
      () => true,
      (error) => {
        if (statusOf(error) === 404) return false;
        throw this.#explain(error, 'open the bucket');
      },
    );
    if (!exists) {
      try {
        await this.#client.send(new CreateBucketCommand({ Bucket }));
      } catch (error) {
        // 409: another process has just made it.
        if (statusOf(error) !== 409) throw this.#explain(error, 'make the bucket');
      }
    }
    const probe = Buffer.from('Shows that this server refuses to overwrite on a conditional put.\n');
    if ((await this.#putNew(PROBE, probe)) && (await this.#putNew(PROBE, probe))) {
      throw new EventlakeError(
        'object:unsupported',
        `${this.description}: the server ignores If-None-Match`,
        {
          hint: 'Check that the address is the S3 port. Concurrent commits would overwrite each other: use MinIO from 2024-12 on, or another server with conditional writes.',
        },
      );
    }
  }

  async putFile(key: string, path: string): Promise<void> {
    checkKey(key);
    const file = await this.#do(`store ${path}`, () => open(path, 'r'));
    try {
      const { size } = await file.stat();
      if (size > PART_BYTES) await this.#putParts(key, file, size);
      else await this.put(key, await readPart(file, 0, size));
    } finally {
      await file.close();
    }
  }

  async put(key: string, body: Buffer): Promise<void> {
    checkKey(key);
    await this.#do(`write ${key}`, () =>
      this.#client.send(new PutObjectCommand({ Bucket: this.#place.bucket, Key: key, Body: body })),
    );
  }

  /** Also true when the key holds these very bytes after an answer was lost, since it is then not known who wrote them. */
  async putIfAbsent(key: string, body: Buffer): Promise<boolean> {
    checkKey(key);
    return this.#putNew(key, body);
  }

  async get(key: string): Promise<Buffer> {
    return this.#download(key, async (body) => Buffer.concat(await body.toArray()));
  }

  async getFile(key: string, path: string): Promise<void> {
    try {
      await this.#download(key, (body) => pipeline(body, createWriteStream(path)));
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    }
  }

  pathOf(): null {
    return null;
  }

  async *list(prefix: string, after?: string): AsyncIterable<ObjectInfo> {
    let token: string | undefined;
    do {
      const request = new ListObjectsV2Command({
        Bucket: this.#place.bucket,
        Prefix: prefix,
        StartAfter: after,
        ContinuationToken: token,
      });
      const page = await this.#do(`list ${prefix}`, () => this.#client.send(request)).catch((error) => {
        if (hasCode(error, 'object:no_bucket')) return null;
        throw error;
      });
      if (page === null) return;
      for (const { Key, Size, LastModified } of page.Contents ?? []) {
        if (Key !== undefined) yield { key: Key, bytes: Size ?? 0, modified: LastModified ?? new Date(0) };
      }
      token = page.NextContinuationToken;
    } while (token !== undefined);
  }

  async delete(keys: readonly string[]): Promise<void> {
    keys.forEach(checkKey);
    for (let i = 0; i < keys.length; i += DELETES_AT_ONCE) {
      const Objects = keys.slice(i, i + DELETES_AT_ONCE).map((Key) => ({ Key }));
      const { Errors = [] } = await this.#do(`delete ${Objects.length} objects`, () =>
        this.#client.send(
          new DeleteObjectsCommand({ Bucket: this.#place.bucket, Delete: { Objects, Quiet: true } }),
        ),
      );
      const failed = Errors.find(({ Code }) => Code !== 'NoSuchKey');
      if (failed === undefined) continue;
      throw new EventlakeError(
        failed.Code === 'AccessDenied' ? 'object:forbidden' : 'object:failed',
        `${this.description}: cannot delete ${failed.Key}: ${failed.Code}: ${failed.Message}`,
        { hint: 'Check what the access key is allowed to do.' },
      );
    }
  }

  async close(): Promise<void> {
    this.#client.destroy();
  }

  async #putNew(key: string, body: Buffer): Promise<boolean> {
    const request = { Bucket: this.#place.bucket, Key: key, Body: body, IfNoneMatch: '*' };
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#client.send(new PutObjectCommand(request));
        return true;
      } catch (error) {
        if (statusOf(error) === 412) {
          if (!wasRetried(error)) return false;
          // The request was sent more than once: an earlier one, whose answer was lost, may be what is in the way now.
          const there = await this.#getIfThere(key);
          if (there !== null) return body.equals(there);
        }
        // 409: the server is busy with another conditional put of this key.
        const passing = statusOf(error) === 409 || statusOf(error) === 412;
        if (!passing || attempt === 2 * TRIES) throw this.#explain(error, `write ${key}`);
        await sleep(Math.random() * 20 * 2 ** attempt);
      }
    }
  }

  async #getIfThere(key: string): Promise<Buffer | null> {
    return this.get(key).catch((error) => {
      if (hasCode(error, 'object:missing')) return null;
      throw error;
    });
  }

  /** The object comes to be only with the last request; what failed before is removed from the server. */
  async #putParts(key: string, file: FileHandle, size: number): Promise<void> {
    const object = { Bucket: this.#place.bucket, Key: key };
    await this.#do(`write ${key}`, async () => {
      const { UploadId } = await this.#client.send(new CreateMultipartUploadCommand(object));
      const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
      try {
        for (let at = 0; at < size; at += PART_BYTES) {
          const PartNumber = Parts.length + 1;
          const Body = await readPart(file, at, Math.min(PART_BYTES, size - at));
          const { ETag } = await this.#client.send(
            new UploadPartCommand({ ...object, UploadId, PartNumber, Body }),
          );
          Parts.push({ PartNumber, ETag });
        }
        await this.#client.send(
          new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } }),
        );
      } catch (error) {
        // Completed by an earlier request whose answer was lost: the upload is gone and the object is there.
        if (wasRetried(error) && statusOf(error) === 404 && (await this.#sizeOf(key)) === size) return;
        await this.#client.send(new AbortMultipartUploadCommand({ ...object, UploadId })).catch(() => {});
        throw error;
      }
    });
  }

  async #sizeOf(key: string): Promise<number | undefined> {
    const head = new HeadObjectCommand({ Bucket: this.#place.bucket, Key: key });
    return this.#client.send(head).then(
      ({ ContentLength }) => ContentLength,
      () => undefined,
    );
  }

  /** The SDK repeats requests, but not the reading of a body that breaks off. */
  async #download<T>(key: string, read: (body: Readable) => Promise<T>): Promise<T> {
    checkKey(key);
    const request = { Bucket: this.#place.bucket, Key: key };
    for (let attempt = 1; ; attempt++) {
      const { Body } = await this.#do(`read ${key}`, () =>
        this.#client.send(new GetObjectCommand(request)),
      ).catch((error) => {
        throw hasCode(error, 'object:no_bucket')
          ? new EventlakeError('object:missing', error.message, { cause: error })
          : error;
      });
      try {
        return await read(Body instanceof Readable ? Body : Readable.from([]));
      } catch (error) {
        const explained = this.#explain(error, `read ${key}`);
        if (!(explained instanceof EventlakeError && explained.retriable) || attempt === TRIES)
          throw explained;
        await sleep(50 * 2 ** attempt);
      }
    }
  }

  async #do<T>(what: string, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      throw this.#explain(error, what);
    }
  }

  #explain(error: unknown, what: string): unknown {
    return explainS3(error, this.#place, what);
  }
}

async function readPart(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const part = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await file.read(part, filled, length - filled, position + filled);
    if (bytesRead === 0)
      throw new EventlakeError('object:failed', 'the file to be stored became shorter meanwhile');
    filled += bytesRead;
  }
  return part;
}
