import { createSecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import {
  type ClientReadableStream,
  credentials,
  loadPackageDefinition,
  Metadata,
  type ServiceClientConstructor,
} from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { Patience } from '../patience.ts';
import { explain, unreachable } from './errors.ts';
import type { SparkRemote } from './remote.ts';

/** How long a session waits, in milliseconds. docs/settings.md lists these values. */
export interface SparkDeadlines {
  /** Until the server answers for the first time. */
  readonly connect: number;
  /** One request that runs nothing: configuration, release. */
  readonly request: number;
  /** One statement, with all of its rows. */
  readonly statement: number;
  /** A connection that is silent for so long is asked for a sign of life, and given up without one. */
  readonly silence: number;
  /** After this time without any success no further try begins. */
  readonly patience: number;
}

const DEADLINES: SparkDeadlines = {
  connect: 10_000,
  request: 120_000,
  statement: 3_600_000,
  // Spark ends a stream after two minutes, which renews the connection: it objects to a third request without
  // any answer in between.
  silence: 60_000,
  patience: 120_000,
};
/** How long a silent server has for the sign of life. */
const SIGN_OF_LIFE_MS = 20_000;
/** How long a request may take that only spares the server some time. */
const FAREWELL_MS = 5000;
/** Spark sends batches of 4 MB, or one row if that is larger. */
const LARGEST_MESSAGE = 128 * 1024 * 1024;

/** Requests that are answered once. */
export type UnaryMethod = 'Config' | 'ReleaseExecute' | 'ReleaseSession';
/** Requests that are answered by a stream. */
export type StreamMethod = 'ExecutePlan' | 'ReattachExecute';

/** The fields of an answer that a client of SQL needs; connect.proto has them. */
export interface SparkResponse {
  readonly server_side_session_id: string;
  readonly response_id: string;
  readonly arrow_batch?: { readonly row_count: string; readonly data: Uint8Array };
  readonly result_complete?: object;
  readonly execution_progress?: { readonly num_inflight_tasks?: string };
  readonly pairs: readonly { readonly key: string; readonly value?: string }[];
}

const { spark } = loadPackageDefinition(
  loadSync(fileURLToPath(new URL('./connect.proto', import.meta.url)), {
    keepCase: true,
    longs: String,
    enums: String,
    arrays: true,
    bytes: Buffer,
  }),
) as unknown as { spark: { connect: { SparkConnectService: ServiceClientConstructor } } };
type Callback = (error: Error | null, response: SparkResponse) => void;

/** The gRPC channel of one session. Every request carries the session's id, and the server's own for it. */
export class SparkConnection {
  readonly address: string;
  readonly deadlines: SparkDeadlines;
  readonly signal: AbortSignal;
  readonly #client: InstanceType<ServiceClientConstructor>;
  readonly #metadata = new Metadata();
  readonly #session = crypto.randomUUID();
  /** The server's id of the session: one that was started again has another, and knows no setting or view. */
  #serverSession: string | undefined;

  constructor(
    { address, token, isEncrypted }: SparkRemote,
    deadlines: Partial<SparkDeadlines>,
    signal: AbortSignal,
  ) {
    this.address = address;
    this.deadlines = { ...DEADLINES, ...deadlines };
    this.signal = signal;
    if (token !== undefined) this.#metadata.set('authorization', `Bearer ${token}`);
    // Trusts what Node does, NODE_EXTRA_CA_CERTS too; gRPC's own variables for that are not asked.
    const secure = isEncrypted
      ? credentials.createFromSecureContext(createSecureContext())
      : credentials.createInsecure();
    this.#client = new spark.connect.SparkConnectService(address, secure, {
      'grpc.max_receive_message_length': LARGEST_MESSAGE,
      'grpc.keepalive_time_ms': this.deadlines.silence,
      'grpc.keepalive_timeout_ms': Math.min(SIGN_OF_LIFE_MS, this.deadlines.silence),
    });
  }

  /**
   * Sends the session's first request. An address that does not answer is a wrong one: no second try.
   */
  async first(method: UnaryMethod, request: object): Promise<SparkResponse> {
    const ready = new Promise<void>((resolve, reject) => {
      this.#client.waitForReady(Date.now() + this.deadlines.connect, (error) => {
        if (error)
          reject(unreachable(this.address, `no answer in ${this.deadlines.connect / 1000} s`, error));
        else resolve();
      });
    });
    const answer = this.#once(method, request);
    // Each may fail after the other.
    answer.catch(() => {});
    ready.catch(() => {});
    try {
      return await Promise.race([answer, ready.then(() => answer)]);
    } catch (error) {
      throw explain(error, this.address);
    }
  }

  /** Sends a request until it is answered; it must be one that may be repeated. */
  async unary(method: UnaryMethod, request: object): Promise<SparkResponse> {
    const patience = this.patience();
    for (;;) {
      try {
        return await this.#once(method, request);
      } catch (error) {
        await patience.wait(explain(error, this.address));
      }
    }
  }

  /** Begins an answer of several messages. Not read to its end, it must be cancelled. */
  stream(method: StreamMethod, request: object): ClientReadableStream<SparkResponse> {
    return this.#client[method]?.(this.#enveloped(request), this.#metadata);
  }

  /** Remembers the server's id of the session. */
  observe({ server_side_session_id: id }: Pick<SparkResponse, 'server_side_session_id'>): void {
    if (id) this.#serverSession = id;
  }

  /** The pauses between tries. */
  patience(signal: AbortSignal = this.signal): Patience {
    return new Patience(() => this.deadlines.patience, signal);
  }

  close(): void {
    this.#client.close();
  }

  /** Sends a request whose failure does not matter: Spark does by itself, later, what it asks for. */
  async farewell(method: UnaryMethod, request: object): Promise<void> {
    await this.#once(method, request, Math.min(FAREWELL_MS, this.deadlines.request)).catch(() => {});
  }

  #once(
    method: UnaryMethod,
    request: object,
    milliseconds: number = this.deadlines.request,
  ): Promise<SparkResponse> {
    return new Promise((resolve, reject) => {
      const deadline = { deadline: Date.now() + milliseconds };
      const callback: Callback = (error, response) => {
        if (error) return void reject(error);
        this.observe(response);
        resolve(response);
      };
      this.#client[method]?.(this.#enveloped(request), this.#metadata, deadline, callback);
    });
  }

  #enveloped(request: object): object {
    return {
      session_id: this.#session,
      user_context: { user_id: 'eventlake' },
      client_type: 'eventlake',
      ...(this.#serverSession && { client_observed_server_side_session_id: this.#serverSession }),
      ...request,
    };
  }
}
