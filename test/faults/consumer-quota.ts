import { Admin } from '@platformatic/kafka';

/** Limits what the consumers of a client may read, in bytes a second; null lifts the limit. */
export async function setConsumerQuota(
  brokers: readonly string[],
  clientId: string,
  bytesPerSecond: number | null,
): Promise<void> {
  const admin = new Admin({ clientId: 'quota-admin', bootstrapBrokers: [...brokers] });
  try {
    const remove = bytesPerSecond === null;
    const ops = [{ key: 'consumer_byte_rate' as const, value: bytesPerSecond ?? 0, remove }];
    const entities = [{ entityType: 'client-id' as const, entityName: clientId }];
    await admin.alterClientQuotas({ entries: [{ entities, ops }] });
  } finally {
    await admin.close();
  }
}
