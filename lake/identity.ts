import { randomUUID } from 'node:crypto';
import type { ObjectStore } from '../core/contracts.ts';
import { hasCode } from '../core/errors.ts';

/**
 * The id of the lake in this folder of the store: made by the first caller, the same for all, and another one
 * after the folder was emptied. It exists before the first table does.
 */
export async function lakeId(store: ObjectStore, folder: string): Promise<string> {
  const key = `${folder}/lake-id`;
  try {
    return (await store.get(key)).toString();
  } catch (error) {
    if (!hasCode(error, 'object:missing')) throw error;
  }
  const id = randomUUID();
  return (await store.putIfAbsent(key, Buffer.from(id))) ? id : (await store.get(key)).toString();
}
