import type { ClientReadableStream } from '@grpc/grpc-js';
import type { SparkConnection, SparkResponse } from './connection.ts';
import { classOf, explain, isTransient, timedOut } from './errors.ts';

/** What is run: a query that answers with rows, or a command. */
export type Plan =
  | { readonly root: { readonly sql: { readonly query: string } } }
  | {
      readonly command: {
        readonly sql_command: { readonly input: { readonly sql: { readonly query: string } } };
      };
    };

/**
 * Spark forgets to cancel a job that it is only about to start. It reports every two seconds what runs; a
 * statement is ended then, or after this time.
 */
const START_MS = 5000;

/**
 * Runs a plan and gives the results' batches, each an Arrow stream of its own. Spark keeps what it has
 * answered until it is released, so that a stream that broke, or that Spark ended after some minutes, resumes
 * after the last answer that arrived: each batch comes once, and the plan runs once
 * ({@link https://github.com/apache/spark/blob/v4.2.0/sql/connect/common/src/main/protobuf/spark/connect/base.proto ReattachExecute}).
 *
 * @param signal Ends the plan, on the cluster, too, when it is aborted.
 * @throws EventlakeError what the statement or the connection failed with; `spark:timeout` when it took too
 *   long; or the signal's reason
 */
export async function* execute(
  connection: SparkConnection,
  plan: Plan,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  const { statement } = connection.deadlines;
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(timedOut(connection.address, statement)), statement);
  const ending = AbortSignal.any([signal, late.signal]);
  const execution = new Execution(connection, plan, ending);
  try {
    yield* execution.batches();
  } catch (error) {
    ending.throwIfAborted();
    throw explain(error, connection.address);
  } finally {
    clearTimeout(timer);
    await execution.end();
  }
}

/** One run of a plan, and the stream that its answers come by. */
class Execution {
  readonly #connection: SparkConnection;
  readonly #plan: Plan;
  readonly #signal: AbortSignal;
  readonly #id = crypto.randomUUID();
  readonly #started = Promise.withResolvers<void>();
  readonly #stop = async () => {
    const timer = setTimeout(this.#started.resolve, START_MS);
    await this.#started.promise;
    clearTimeout(timer);
    this.#stream?.cancel();
  };
  #stream: ClientReadableStream<SparkResponse> | undefined;
  #last: string | undefined;
  #isComplete = false;

  constructor(connection: SparkConnection, plan: Plan, signal: AbortSignal) {
    this.#connection = connection;
    this.#plan = plan;
    this.#signal = signal;
    signal.addEventListener('abort', this.#stop, { once: true });
  }

  async *batches(): AsyncGenerator<Uint8Array> {
    const patience = this.#connection.patience(this.#signal);
    this.#stream = this.#begin();
    while (!this.#isComplete) {
      try {
        for await (const response of this.#stream as AsyncIterable<SparkResponse>) {
          patience.renew();
          this.#connection.observe(response);
          this.#last = response.response_id;
          if (Number(response.execution_progress?.num_inflight_tasks ?? 0) > 0) this.#started.resolve();
          if (response.arrow_batch) {
            yield response.arrow_batch.data;
            void this.#release({ release_until: { response_id: this.#last } });
          }
          if (response.result_complete) this.#isComplete = true;
        }
        if (!this.#isComplete) this.#stream = this.#reattach();
      } catch (error) {
        this.#signal.throwIfAborted();
        // The request itself was lost: Spark knows nothing of it.
        const isUnknown = this.#last === undefined && classOf(error) === 'INVALID_HANDLE.OPERATION_NOT_FOUND';
        if (!isUnknown) {
          if (!isTransient(error)) throw error;
          await patience.wait(explain(error, this.#connection.address));
        }
        this.#stream = isUnknown ? this.#begin() : this.#reattach();
      }
    }
  }

  /** Ends the run if it has not ended, and forgets it, here and on the server. */
  async end(): Promise<void> {
    this.#signal.removeEventListener('abort', this.#stop);
    this.#stream?.cancel();
    await this.#release({ release_all: {} });
  }

  #begin(): ClientReadableStream<SparkResponse> {
    return this.#connection.stream('ExecutePlan', {
      plan: this.#plan,
      operation_id: this.#id,
      request_options: [{ reattach_options: { reattachable: true } }],
    });
  }

  #reattach(): ClientReadableStream<SparkResponse> {
    return this.#connection.stream('ReattachExecute', {
      operation_id: this.#id,
      ...(this.#last !== undefined && { last_response_id: this.#last }),
    });
  }

  #release(what: object): Promise<void> {
    return this.#connection.farewell('ReleaseExecute', { operation_id: this.#id, ...what });
  }
}
