import { EventlakeError } from '../../core/errors.ts';

/** The bucket that an error is about. */
export interface S3Place {
  /** Without account and path. */
  readonly endpoint: string;
  readonly bucket: string;
}

/** What errors of the AWS SDK carry; of the network, only a code. */
interface S3Fault {
  readonly name?: string;
  readonly message?: string;
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number; readonly attempts?: number };
}

/** Faults of the local file that is read or written, not of the network. */
const LOCAL_FAULTS = new Set([
  'ENOENT',
  'EISDIR',
  'EACCES',
  'EPERM',
  'EROFS',
  'ENOSPC',
  'EDQUOT',
  'EIO',
  'EMFILE',
]);

/** The HTTP status that the server answered with; undefined when no answer came. */
export function statusOf(error: unknown): number | undefined {
  return (error as S3Fault | null)?.$metadata?.httpStatusCode;
}

/**
 * Whether the server answered that there is no such object. Any other 404, as of a proxy or a wrong port,
 * says nothing about it.
 */
export function isMissing(error: unknown): boolean {
  return statusOf(error) !== undefined && (error as S3Fault).name === 'NoSuchKey';
}

/** Whether the SDK had sent the request before the one that brought this error. */
export function wasRetried(error: unknown): boolean {
  return ((error as S3Fault | null)?.$metadata?.attempts ?? 1) > 1;
}

/**
 * The error for people, from one of the SDK or the network. `what` completes "cannot …". Never holds a
 * secret.
 */
export function explainS3(error: unknown, { endpoint, bucket }: S3Place, what: string): unknown {
  if (error instanceof EventlakeError) return error;
  const { name = 'Error', message = '', code } = (error ?? {}) as S3Fault;
  const status = statusOf(error);
  const intro = `s3://${bucket} on ${endpoint}: cannot ${what}`;
  const said = `${name === 'Error' && typeof code === 'string' ? code : name}: ${message}`;
  if (status === undefined && LOCAL_FAULTS.has(String(code))) {
    return new EventlakeError('object:failed', `${intro}: ${said}`, { cause: error });
  }
  if (status === undefined) {
    return new EventlakeError('object:unreachable', `${intro}: no answer from ${endpoint} (${said})`, {
      hint: 'Check that the server runs and that MINIO_ENDPOINT is its address.',
      retriable: true,
      cause: error,
    });
  }
  if (name === 'NoSuchBucket') {
    return new EventlakeError('object:no_bucket', `${intro}: there is no bucket ${bucket}`, {
      hint: 'Make the bucket, or set MINIO_BUCKET to one that exists.',
      cause: error,
    });
  }
  // versitygw answers 404 for an account that it does not know.
  if (status === 401 || status === 403 || name === 'XAdminUserNotFound') {
    const clock = name === 'RequestTimeTooSkewed' || name === 'RequestExpired';
    return new EventlakeError('object:forbidden', `${intro}: the server refuses (${said})`, {
      hint: clock
        ? 'Set the clock of this machine.'
        : `Check MINIO_ACCESS_KEY and MINIO_SECRET_KEY, and that this key may read and write the bucket ${bucket}.`,
      cause: error,
    });
  }
  if (isMissing(error)) {
    return new EventlakeError('object:missing', `${intro}: there is no such object`, { cause: error });
  }
  const busy = status >= 500 || status === 429 || status === 409 || status === 412;
  return new EventlakeError('object:failed', `${intro}: the server answered ${status} (${said})`, {
    ...(busy ? { hint: 'The server is overloaded or faulty. Try again; its own log says more.' } : {}),
    retriable: busy,
    cause: error,
  });
}
