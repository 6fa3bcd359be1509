import { createWriteStream } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { addAbortSignal, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { ObjectInfo, ObjectStore } from '../../core/contracts.ts';
import { EventlakeError, hasCode } from '../../core/errors.ts';
import { checkKey } from '../object-key.ts';
import { ensureBucket } from './bucket.ts';
import { type Limit, S3Connection, type S3Options } from './connection.ts';
import { isMissing, statusOf, wasRetried } from './errors.ts';

/**
 * Files are sent in pieces of this size, each held in memory: a piece can be sent again after a fault and its
 * checksum is signed, neither of which works for a stream.
 */
const PART_BYTES = 16 * 1024 * 1024;
const DELETES_AT_ONCE = 1000;

/**
 * An object store in a bucket of MinIO or any other S3 server that honours `If-None-Match: *` on PutObject.
 * Requests that fail by network or overload are repeated a few times; then `object:unreachable` or
 * `object:failed`, both retriable.
 */
export class S3ObjectStore implements ObjectStore {
  readonly description: string;
  readonly #connection: S3Connection;
  readonly #bucket: string;

  constructor(options: S3Options) {
    this.#connection = new S3Connection(options);
    this.#bucket = options.bucket;
    this.description = `s3://${options.bucket} on ${this.#connection.place.endpoint}`;
  }

  /** See {@link ensureBucket}. */
  ensureBucket(): Promise<void> {
    return ensureBucket(this.#connection);
  }

  async putFile(key: string, path: string): Promise<void> {
    checkKey(key);
    const file = await this.#connection.within(`store ${path}`, () => open(path, 'r'));
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
    await this.#connection.within(`write ${key}`, (limit) =>
      this.#client.send(new PutObjectCommand({ Bucket: this.#bucket, Key: key, Body: body }), limit),
    );
  }

  /**
   * Also true when the key holds these very bytes after an answer was lost, since it is then not known who
   * wrote them.
   */
  async putIfAbsent(key: string, body: Buffer): Promise<boolean> {
    checkKey(key);
    return this.#connection.within(`write ${key}`, (limit) => this.#putNew(key, body, limit));
  }

  async get(key: string): Promise<Buffer> {
    return this.#download(key, readAll);
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
        Bucket: this.#bucket,
        Prefix: prefix,
        StartAfter: after,
        ContinuationToken: token,
      });
      const asked = this.#connection.within(`list ${prefix}`, (limit) => this.#client.send(request, limit));
      const page = await asked.catch((error) => {
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
    // Hadoop's clients store empty objects that stand for folders: their names end in a slash.
    for (const key of keys) checkKey(key.replace(/\/$/, ''));
    for (let i = 0; i < keys.length; i += DELETES_AT_ONCE) {
      const Objects = keys.slice(i, i + DELETES_AT_ONCE).map((Key) => ({ Key }));
      const command = new DeleteObjectsCommand({ Bucket: this.#bucket, Delete: { Objects, Quiet: true } });
      const asked = this.#connection.within(`delete ${Objects.length} objects`, (limit) =>
        this.#client.send(command, limit),
      );
      const { Errors = [] } = await asked.catch((error) => {
        if (hasCode(error, 'object:no_bucket')) return { Errors: [] };
        throw error;
      });
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

  get #client() {
    return this.#connection.client;
  }

  async #putNew(key: string, body: Buffer, limit: Limit): Promise<boolean> {
    const request = { Bucket: this.#bucket, Key: key, Body: body, IfNoneMatch: '*' };
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#client.send(new PutObjectCommand(request), limit);
        return true;
      } catch (error) {
        if (statusOf(error) === 412) {
          if (!wasRetried(error)) return false;
          // The request was sent more than once: an earlier one, whose answer was lost, may be what is in the
          // way now.
          const there = await this.#getIfThere(key, limit);
          if (there !== null) return body.equals(there);
        }
        // 409: the server is busy with another conditional put of this key.
        const passing = statusOf(error) === 409 || statusOf(error) === 412;
        if (!passing || attempt === 2 * this.#connection.tries) throw error;
        await sleep(Math.random() * 20 * 2 ** attempt, undefined, { signal: limit.abortSignal });
      }
    }
  }

  async #getIfThere(key: string, limit: Limit): Promise<Buffer | null> {
    return this.#read(key, readAll, limit).catch((error) => {
      if (isMissing(error)) return null;
      throw error;
    });
  }

  /** The object comes to be only with the last request; what failed before is removed from the server. */
  async #putParts(key: string, file: FileHandle, size: number): Promise<void> {
    const object = { Bucket: this.#bucket, Key: key };
    const within = <T>(operation: (limit: Limit) => Promise<T>) =>
      this.#connection.within(`write ${key}`, operation);
    const { UploadId } = await within((limit) =>
      this.#client.send(new CreateMultipartUploadCommand(object), limit),
    );
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    try {
      for (let at = 0; at < size; at += PART_BYTES) {
        const PartNumber = Parts.length + 1;
        const Body = await readPart(file, at, Math.min(PART_BYTES, size - at));
        const part = new UploadPartCommand({ ...object, UploadId, PartNumber, Body });
        const { ETag } = await within((limit) => this.#client.send(part, limit));
        Parts.push({ PartNumber, ETag });
      }
      const whole = new CompleteMultipartUploadCommand({ ...object, UploadId, MultipartUpload: { Parts } });
      await within((limit) => this.#complete(whole, key, size, limit));
    } catch (error) {
      const abort = new AbortMultipartUploadCommand({ ...object, UploadId });
      await within((limit) => this.#client.send(abort, limit)).catch(() => {});
      throw error;
    }
  }

  async #complete(
    whole: CompleteMultipartUploadCommand,
    key: string,
    size: number,
    limit: Limit,
  ): Promise<void> {
    try {
      await this.#client.send(whole, limit);
    } catch (error) {
      // Completed by an earlier request whose answer was lost: the upload is gone and the object is there.
      const head = new HeadObjectCommand({ Bucket: this.#bucket, Key: key });
      const sizeThere = () =>
        this.#client.send(head, limit).then(
          ({ ContentLength }) => ContentLength,
          () => undefined,
        );
      if (wasRetried(error) && statusOf(error) === 404 && (await sizeThere()) === size) return;
      throw error;
    }
  }

  async #download<T>(key: string, read: (body: Readable) => Promise<T>): Promise<T> {
    checkKey(key);
    try {
      return await this.#connection.within(`read ${key}`, (limit) => this.#read(key, read, limit));
    } catch (error) {
      if (hasCode(error, 'object:no_bucket'))
        throw new EventlakeError('object:missing', error.message, { cause: error });
      throw error;
    }
  }

  /** The SDK repeats requests, but not the reading of a body that breaks off. */
  async #read<T>(key: string, read: (body: Readable) => Promise<T>, limit: Limit): Promise<T> {
    const request = { Bucket: this.#bucket, Key: key };
    for (let attempt = 1; ; attempt++) {
      const { Body, ContentLength = 0 } = await this.#client.send(new GetObjectCommand(request), limit);
      limit.allow(ContentLength);
      try {
        const body = Body instanceof Readable ? Body : Readable.from([]);
        return await read(addAbortSignal(limit.abortSignal, body));
      } catch (error) {
        const explained = this.#connection.explain(error, `read ${key}`);
        const passing = explained instanceof EventlakeError && explained.retriable;
        if (!passing || attempt === this.#connection.tries || limit.abortSignal.aborted) throw error;
        await sleep(50 * 2 ** attempt, undefined, { signal: limit.abortSignal });
      }
    }
  }
}

async function readAll(body: Readable): Promise<Buffer> {
  return Buffer.concat(await body.toArray());
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
