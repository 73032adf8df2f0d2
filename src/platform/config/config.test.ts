import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { readConfig } from './config.ts';

async function configOf(yaml: string) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'lapse.config.yaml'), yaml);
  return (await readConfig({}, folder)).config;
}

describe('limits', () => {
  test('are there without being asked for, and nobody else’s word for an address', async () => {
    const { limits, trustedProxies } = await configOf('');
    expect(limits).toEqual({ requests: 6_000, failures: 30, signIns: 120 });
    expect(trustedProxies).toEqual([]);
  });

  test('are as they are set', async () => {
    const { limits, trustedProxies } = await configOf(`
limits: { requests_per_minute: 100, failures_per_minute: 5, sign_ins_per_minute: 7 }
trusted_proxies: [10.0.0.1, 10.0.0.0/8, "fd00::/8", "::1"]
`);
    expect(limits).toEqual({ requests: 100, failures: 5, signIns: 7 });
    expect(trustedProxies).toEqual(['10.0.0.1', '10.0.0.0/8', 'fd00::/8', '::1']);
  });

  test.each([
    ['limits: { failures_per_minute: 0 }', 'limits.failures_per_minute'],
    ['limits: { requests_per_minute: many }', 'limits.requests_per_minute'],
    ['limits: { requests: 5 }', 'limits'],
    ['trusted_proxies: [proxy.example.com]', 'trusted_proxies.0'],
    ['trusted_proxies: ["0.0.0.0/0"]', 'trusted_proxies.0'],
    ['trusted_proxies: [10.0.0.0/33]', 'trusted_proxies.0'],
    ['trusted_proxies: ["10.0.0.0/255.0.0.0"]', 'trusted_proxies.0'],
    ['trusted_proxies: true', 'trusted_proxies'],
  ])('%s is refused', async (yaml, place) => {
    await expect(configOf(yaml)).rejects.toThrow(`lapse.config.yaml cannot be used: ${place}`);
  });
});
