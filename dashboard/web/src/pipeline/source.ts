import type { PipelineAnswer } from '../../../api.ts';

/** Whether the events are readings of a generator: the ledger names it in the place of a file. */
export function isGenerated({ files }: PipelineAnswer['status']): boolean {
  return files.some(({ file }) => file === 'generator');
}
