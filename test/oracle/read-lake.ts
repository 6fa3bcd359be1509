import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { python } from './compare.ts';

/** A test may print every row of a table. */
const MAX_BYTES = 256 * 1024 * 1024;

/**
 * What a Python program prints as JSON. It finds json, sys and delta-rs's DeltaTable, and the request in
 * `request`. This process runs on meanwhile: a proxy before the lake may be in it.
 */
export async function readLake(program: string, request: unknown): Promise<unknown> {
  const script = `
import json, os, sys
from deltalake import DeltaTable
request = json.loads(sys.argv[1])
${program}
# Threads of Arrow that still run would abort the interpreter at its end.
sys.stdout.flush()
os._exit(0)`;
  const { stdout } = await promisify(execFile)(python(), ['-c', script, JSON.stringify(request)], {
    maxBuffer: MAX_BYTES,
  });
  return JSON.parse(stdout);
}
