const shared = {
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }] },
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
  setupFiles: ['<rootDir>/test/umask.ts'],
};

/**
 * `unit` needs no server and runs in seconds; `stack` starts real servers and kills processes; `compose`
 * starts the Docker stack where there is Docker.
 */
export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/stack/', '<rootDir>/test/crash/', '<rootDir>/test/compose/'],
    },
    {
      ...shared,
      displayName: 'stack',
      testMatch: ['<rootDir>/test/stack/**/*.test.ts', '<rootDir>/test/crash/**/*.test.ts'],
      globalSetup: '<rootDir>/test/stack/start-services.ts',
    },
    {
      ...shared,
      displayName: 'compose',
      testMatch: ['<rootDir>/test/compose/**/*.test.ts'],
    },
  ],
};
