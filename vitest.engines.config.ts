import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: { include: ['test/engines/*.engine.test.ts'] },
});
