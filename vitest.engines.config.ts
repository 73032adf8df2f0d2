import { defineConfig } from 'vitest/config';

export default defineConfig({
  // Browsers and large files take their time on a busy machine; slowness is no failure.
  test: { include: ['test/engines/*.engine.test.ts'], testTimeout: 120_000, hookTimeout: 120_000 },
});
