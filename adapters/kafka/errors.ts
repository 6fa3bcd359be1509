import { protocolErrors } from '@platformatic/kafka';
import { EventlakeError, hasCode } from '../../core/errors.ts';
import { recreatedLog } from '../../core/recreated-log.ts';

const FENCED = ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'TRANSACTION_COORDINATOR_FENCED'];
const UNAUTHORIZED = [
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
];
/** The state of the transaction is lost, but a new writer starts from a clean one. */
const WRITER_STATE_LOST = [
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
];

/**
 * The names of all protocol errors inside `error` (`NOT_COORDINATOR`). The client nests them in causes and
 * lists, and one answer of Kafka may carry several.
 */
export function kafkaErrorNames(error: unknown): Set<string> {
  const names = new Set<string>();
  for (const part of partsOf(error)) if (typeof part.apiId === 'string') names.add(part.apiId);
  return names;
}

/** Whether the connection failed, so that it is not known what became of the request. */
export function isConnectionError(error: unknown): boolean {
  return partsOf(error).some((part) => part.code === 'PLT_KFK_NETWORK' || part.code === 'PLT_KFK_TIMEOUT');
}

/**
 * What a failed call to Kafka means to the caller. `doing` completes the sentence "Kafka at … could not …".
 *
 * `log:unreachable`, `log:unavailable` and `log:interrupted` pass; `log:unauthorized`, `log:fenced`,
 * `log:missing`, `log:record_too_large` and `log:refused` do not. Login data never gets into a message.
 */
export function explainKafkaError(error: unknown, brokers: readonly string[], doing: string): EventlakeError {
  if (error instanceof EventlakeError) return error;
  const parts = partsOf(error);
  const names = kafkaErrorNames(error);
  const has = (list: string[]) => list.some((name) => names.has(name));
  const at = `Kafka at ${brokers.join(',')}`;
  const listed = [...names].join(', ');

  if (parts.some((part) => part.code === 'PLT_KFK_AUTHENTICATION')) {
    return new EventlakeError('log:unauthorized', `${at} refused the login.`, {
      hint: 'Check KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD, and KAFKA_SSL: a broker that wants TLS refuses a login without it.',
      cause: error,
    });
  }
  if (has(UNAUTHORIZED)) {
    return new EventlakeError('log:unauthorized', `${at} does not allow this user to ${doing} (${listed}).`, {
      hint: 'Give the user rights on the three topics, the consumer group and the transactional id of this dataset.',
      cause: error,
    });
  }
  if (has(FENCED)) {
    return new EventlakeError('log:fenced', `${at} could not ${doing}: another writer has taken over.`, {
      hint: 'Let the other ingest finish. If there is none, this one was paused for too long: run it again.',
      cause: error,
    });
  }
  if (parts.some((part) => part.message === 'Broker requires TLS.')) {
    return new EventlakeError('log:unreachable', `${at} wants TLS.`, {
      hint: 'Set KAFKA_SSL=true.',
      cause: error,
    });
  }
  if (isConnectionError(error)) {
    const reason = parts.findLast((part) => typeof part.message === 'string' && part.message !== '')?.message;
    return new EventlakeError('log:unreachable', `${at} cannot be reached: ${reason}`, {
      hint: 'Is Kafka running? make start. If it wants TLS or a login, set KAFKA_SSL and KAFKA_SASL_….',
      retriable: true,
      cause: error,
    });
  }
  if (names.has('UNKNOWN_TOPIC_OR_PARTITION')) {
    return new EventlakeError('log:missing', `${at} could not ${doing}: there is no such topic.`, {
      hint: 'Ingest the dataset first.',
      cause: error,
    });
  }
  if (has(['MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE'])) {
    return new EventlakeError('log:record_too_large', `${at} could not ${doing}: a record is too large.`, {
      hint: 'Raise max.message.bytes of the topic, or take the line out of the file.',
      cause: error,
    });
  }
  if (has(WRITER_STATE_LOST)) {
    return new EventlakeError('log:interrupted', `${at} could not ${doing}: ${listed}.`, {
      hint: 'Run the same command again: it continues where the log says.',
      retriable: true,
      cause: error,
    });
  }
  if (names.size > 0 && [...names].every((name) => protocolErrors[name]?.canRetry)) {
    return new EventlakeError('log:unavailable', `${at} could not ${doing} now: ${listed}.`, {
      hint: 'Kafka is starting, moving partitions, or short of replicas: try again.',
      retriable: true,
      cause: error,
    });
  }
  const reason = listed || (error instanceof Error ? error.message : String(error));
  return new EventlakeError('log:refused', `${at} could not ${doing}: ${reason}.`, { cause: error });
}

/** Names the partition where a damaged batch was found; other errors stay as they are. */
export function inPartition<T>(error: T, topic: string, partition: number): T | EventlakeError {
  if (!hasCode(error, 'log:corrupt')) return error;
  const message = `Topic ${topic}, partition ${partition}: ${error.message}`;
  const hint = "Look for disk errors in the broker's log, or for the producer that wrote it.";
  return new EventlakeError('log:corrupt', message, { hint: error.hint ?? hint, cause: error.cause });
}

/**
 * The error of one whose topic was deleted and made again; `doing` completes the sentence "Topic … while it
 * was …".
 */
export function recreatedTopic(topic: string, doing: string): EventlakeError {
  return recreatedLog(`Topic ${topic} was deleted and made again while it was ${doing}.`);
}

interface Part {
  readonly code?: unknown;
  readonly apiId?: unknown;
  readonly message?: unknown;
}

/** The error, its causes and the errors that it lists, outermost first. */
function partsOf(error: unknown): Part[] {
  if (typeof error !== 'object' || error === null) return [];
  const { cause, errors } = error as { cause?: unknown; errors?: unknown };
  const inner = Array.isArray(errors) ? errors : [];
  return [error, ...inner.flatMap(partsOf), ...partsOf(cause)];
}
