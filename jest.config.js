const shared = {
  transform: { '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } } }] },
  extensionsToTreatAsEsm: ['.ts'],
  testEnvironment: 'node',
};

/** `unit` needs no server and runs in seconds; `stack` starts real servers and kills processes. */
export default {
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      testPathIgnorePatterns: ['<rootDir>/test/stack/', '<rootDir>/test/crash/'],
    },
    {
      ...shared,
      displayName: 'stack',
      testMatch: ['<rootDir>/test/stack/**/*.test.ts', '<rootDir>/test/crash/**/*.test.ts'],
      globalSetup: '<rootDir>/test/stack/start-services.ts',
    },
  ],
};
