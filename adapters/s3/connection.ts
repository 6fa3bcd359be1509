import { S3Client } from '@aws-sdk/client-s3';
import { EventlakeError } from '../../core/errors.ts';
import { explainS3, type S3Place } from './errors.ts';

/**
 * How long an S3 server may take, in milliseconds, and how often it is asked. docs/settings.md lists these
 * values.
 */
export const DEADLINES = {
  connect: 5_000,
  /** Of one try: without a byte in either direction. */
  silence: 60_000,
  /** Of one operation, with all its tries and pauses; a download gets {@link BYTES_PER_MS} more. */
  budget: 240_000,
  /** Of one operation, counted from the signal to stop, or from its beginning where that is later. */
  stopping: 5_000,
  /** Of one request. */
  tries: 4,
};
/** A download may be as slow as this: 100 kB a second. */
const BYTES_PER_MS = 100;

/** Where a bucket is and who asks. */
export interface S3Options {
  /** Such as `http://localhost:9000`. */
  readonly endpoint: string;
  readonly bucket: string;
  readonly accessKey: string;
  readonly secretKey: string;
  readonly deadlines?: Partial<typeof DEADLINES>;
  /** Once it is raised each operation has little time left; what fails for that is not retriable. */
  readonly signal?: AbortSignal | undefined;
}

/** How long an operation may take: goes with each of its requests as their options, and with its pauses. */
export interface Limit {
  readonly abortSignal: AbortSignal;
  /** Gives time for a download of so many bytes. */
  allow(bytes: number): void;
}

/** A client of one bucket that gives every operation a budget of time. */
export class S3Connection {
  readonly client: S3Client;
  readonly place: S3Place;
  readonly tries: number;
  readonly #budget: number;
  readonly #stopping: number;
  readonly #signal: AbortSignal;

  constructor({ endpoint, bucket, accessKey, secretKey, deadlines, signal }: S3Options) {
    const { protocol, host } = new URL(endpoint);
    const { connect, silence, budget, stopping, tries } = { ...DEADLINES, ...deadlines };
    this.place = { endpoint: `${protocol}//${host}`, bucket };
    this.tries = tries;
    this.#budget = budget;
    this.#stopping = stopping;
    this.#signal = signal ?? new AbortController().signal;
    this.client = new S3Client({
      endpoint,
      region: 'us-east-1',
      forcePathStyle: true,
      credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
      // The checksums that newer SDKs add by default are not known to every S3 server.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      maxAttempts: tries,
      requestHandler: { connectionTimeout: connect, socketTimeout: silence },
    });
  }

  /** Runs an operation within its budget. Its errors are explained; `what` completes "cannot …". */
  async within<T>(what: string, operation: (limit: Limit) => Promise<T>): Promise<T> {
    const began = performance.now();
    const late = new AbortController();
    let timer: NodeJS.Timeout | undefined;
    const limitTo = (milliseconds: number, since: number) => {
      clearTimeout(timer);
      timer = setTimeout(
        () => late.abort(new Error(`not done after ${milliseconds / 1000} s`)),
        since + milliseconds - performance.now(),
      );
    };
    const stop = () => limitTo(this.#stopping, performance.now());
    const limit: Limit = {
      abortSignal: late.signal,
      allow: (bytes) => {
        if (!this.#signal.aborted) limitTo(this.#budget + Math.ceil(bytes / BYTES_PER_MS), began);
      },
    };
    this.#signal.addEventListener('abort', stop);
    if (this.#signal.aborted) stop();
    else limitTo(this.#budget, began);
    try {
      return await operation(limit);
    } catch (error) {
      if (late.signal.aborted && this.#signal.aborted) throw this.#stopped(what);
      throw this.explain(late.signal.aborted ? late.signal.reason : error, what);
    } finally {
      clearTimeout(timer);
      this.#signal.removeEventListener('abort', stop);
    }
  }

  #stopped(what: string): EventlakeError {
    const { endpoint, bucket } = this.place;
    return new EventlakeError(
      'object:unreachable',
      `${endpoint}, bucket ${bucket}: cannot ${what}: not done ${this.#stopping / 1000} s after the signal to stop`,
      { hint: 'Nothing is lost: run it again once the server answers.' },
    );
  }

  explain(error: unknown, what: string): unknown {
    return explainS3(error, this.place, what);
  }
}
