/**
 * Preloaded (`--import`) into every measured process: at its exit it writes what it used, as one JSON
 * document, to file descriptor 3.
 *
 * The peak is the kernel's own high-water mark of this program. `ru_maxrss` would not do: after a fork it
 * begins with the parent's peak.
 */
import { readFileSync, writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const USAGE_FD = 3;

function peakKilobytes(): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
  } catch {
    // No Linux: the next best.
    return process.resourceUsage().maxRSS;
  }
}

if (isMainThread) {
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime } = process.resourceUsage();
    const usage = { cpuSeconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: peakKilobytes() * 1024 };
    writeSync(USAGE_FD, JSON.stringify(usage));
  });
}
