import { execFileSync } from 'node:child_process';
import { python } from './compare.ts';

/**
 * What a Python program prints as JSON. It finds json, sys and delta-rs's DeltaTable, and the request in `request`.
 */
export function readLake(program: string, request: unknown): unknown {
  const script = `
import json, os, sys
from deltalake import DeltaTable
request = json.loads(sys.argv[1])
${program}
# Threads of Arrow that still run would abort the interpreter at its end.
sys.stdout.flush()
os._exit(0)`;
  return JSON.parse(execFileSync(python(), ['-c', script, JSON.stringify(request)], { encoding: 'utf8' }));
}
