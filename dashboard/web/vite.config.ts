import { defineConfig } from 'vite';

/**
 * Builds the page into dist/. Nothing is inlined, so that it works under a strict Content-Security-Policy.
 */
export default defineConfig({
  root: import.meta.dirname,
  logLevel: 'warn',
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
});
