import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Stripping the types of all files, and compiling them, is half of a command's start: it is done once. Where
// this folder cannot be written, each start does it.
enableCompileCache(join(import.meta.dirname, '../node_modules/.cache/compiled'));
await import('./start.ts');
