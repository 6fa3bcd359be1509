import { S3Client } from '@aws-sdk/client-s3';
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

  constructor({ endpoint, bucket, accessKey, secretKey, deadlines }: S3Options) {
    const { protocol, host } = new URL(endpoint);
    const { connect, silence, budget, tries } = { ...DEADLINES, ...deadlines };
    this.place = { endpoint: `${protocol}//${host}`, bucket };
    this.tries = tries;
    this.#budget = budget;
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
    const after = (milliseconds: number) =>
      setTimeout(
        () => late.abort(new Error(`not done after ${milliseconds / 1000} s`)),
        began + milliseconds - performance.now(),
      );
    let timer = after(this.#budget);
    const limit: Limit = {
      abortSignal: late.signal,
      allow: (bytes) => {
        clearTimeout(timer);
        timer = after(this.#budget + Math.ceil(bytes / BYTES_PER_MS));
      },
    };
    try {
      return await operation(limit);
    } catch (error) {
      throw this.explain(late.signal.aborted ? late.signal.reason : error, what);
    } finally {
      clearTimeout(timer);
    }
  }

  explain(error: unknown, what: string): unknown {
    return explainS3(error, this.place, what);
  }
}
