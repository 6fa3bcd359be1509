import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Asks until the answer is as wanted (by default: true), and gives it. A busy machine may take any time, so
 * there is no deadline here: the time limit of the test ends the wait.
 */
export async function waitFor<T>(
  ask: () => T | Promise<T>,
  wanted: (answer: T) => boolean = Boolean,
): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (wanted(answer)) return answer;
    // A wait that its test has given up does not keep the process.
    await sleep(50, undefined, { ref: false });
  }
}
