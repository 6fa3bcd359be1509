import { EventlakeError } from '../core/errors.ts';

/**
 * Checks a key by the rules that every object store keeps, so that a lake can move between them:
 * `object:bad_key` otherwise.
 */
export function checkKey(key: string): void {
  const parts = key.split('/');
  if (key.includes('\0') || parts.some((part) => part === '' || part === '.' || part === '..')) {
    throw new EventlakeError('object:bad_key', `'${key}' cannot name an object`, {
      hint: "A key is made of non-empty parts separated by '/', none of them '.' or '..'.",
    });
  }
}
