import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,test,packages,build}/**/*.test.ts'],
    // Properties take many runs; a slow machine is no failure.
    testTimeout: 60_000,
    exclude: ['**/*.int.test.ts', '**/*.e2e.test.ts', '**/*.engine.test.ts', '**/node_modules/**'],
  },
});
