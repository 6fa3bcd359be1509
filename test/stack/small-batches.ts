import { Producer } from '@platformatic/kafka';

/**
 * How a topic is filled: a thousand records a batch, one a batch, or one a batch in a transaction over all
 * partitions.
 */
export type BatchForm = 'full' | 'one record' | 'transaction';

const FULL = 1_000;
const AT_ONCE = 50;

/**
 * Sends the values to the topic's partitions in turn, as other programs may do. Every second transaction is
 * aborted.
 */
export async function produceBatches(
  brokers: readonly string[],
  { topic, partitions }: { readonly topic: string; readonly partitions: number },
  values: readonly Buffer[],
  form: BatchForm,
): Promise<void> {
  const client = { clientId: 'eventlake-test', bootstrapBrokers: [...brokers], maxInflights: AT_ONCE };
  let sent = 0;
  let transactions = 0;
  const nextMessages = (perPartition: number) => {
    const group = values.slice(sent, sent + perPartition * partitions);
    sent += group.length;
    return group.map((value, i) => ({ topic, partition: i % partitions, value }));
  };
  const isTransaction = form === 'transaction';
  const produce = async (_: unknown, number: number) => {
    const producer = new Producer<Buffer, Buffer, Buffer, Buffer>({
      ...client,
      ...(isTransaction && {
        idempotent: true,
        transactionalId: `${topic}-${number}`,
        // The library asks for producer id 0 unless it is told that there is none yet.
        producerId: -1n,
        producerEpoch: -1,
      }),
    });
    while (sent < values.length) {
      if (!isTransaction) {
        await producer.send({ messages: nextMessages(form === 'full' ? FULL : 1), acks: 1 });
        continue;
      }
      const messages = nextMessages(1);
      const isCommitted = transactions++ % 2 === 0;
      const transaction = await producer.beginTransaction();
      await transaction.send({ messages });
      if (isCommitted) await transaction.commit();
      else await transaction.abort();
    }
    await producer.close();
  };
  await Promise.all(Array.from({ length: isTransaction ? 10 : AT_ONCE }, produce));
}
