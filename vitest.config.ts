import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{src,test,packages,build}/**/*.test.ts'],
    exclude: ['**/*.int.test.ts', '**/*.e2e.test.ts', '**/node_modules/**'],
  },
});
