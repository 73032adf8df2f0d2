import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,test,packages,build}/**/*.{int,e2e}.test.ts'],
    exclude: ['**/node_modules/**'],
    globalSetup: ['test/support/global-postgres.ts'],
    // Most of the time goes into waiting for PostgreSQL, so every core can have a file.
    maxWorkers: '100%',
    // A cluster is initialised and fsynced by some tests; slow disks are no failure.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
