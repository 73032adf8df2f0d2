import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../../test/support/temporary-folder.ts';
import { readConfig } from './config.ts';

const configOf = async (env: NodeJS.ProcessEnv) => (await readConfig(env, tmpdir())).config;

async function configOfFile(yaml: string) {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'lapse.config.yaml'), yaml);
  return (await readConfig({}, folder)).config;
}

describe('hosts that may lie inside', () => {
  test('are names and addresses as links write them, with a port or without', async () => {
    const { insideHosts } = await configOf({
      LAPSE_INSIDE_HOSTS: 'Wiki.corp.example, git.corp.example:8443 10.1.2.3\n[FD00::0:7]:444',
    });
    expect(insideHosts).toEqual([
      { host: 'wiki.corp.example', port: undefined },
      { host: 'git.corp.example', port: 8443 },
      { host: '10.1.2.3', port: undefined },
      { host: '[fd00::7]', port: 444 },
    ]);
  });

  test.each(['*.corp.example', 'https://wiki', 'wiki/page', 'wiki:99999', 'me@wiki', '10.0.0.0/8'])(
    'are no patterns, addresses of pages or networks: %s',
    async (host) => {
      const refused = configOf({ LAPSE_INSIDE_HOSTS: host });
      await expect(refused).rejects.toThrow(`LAPSE_INSIDE_HOSTS: "${host}" is no host`);
    },
  );

  test('are none, and links are read, unless the environment says otherwise', async () => {
    expect(await configOf({})).toMatchObject({ areLinksRead: true, insideHosts: [] });
    expect((await configOf({ LAPSE_LINKS: 'off' })).areLinksRead).toBe(false);
    await expect(configOf({ LAPSE_LINKS: 'no' })).rejects.toThrow('must be read or off');
  });
});

describe('a bucket for files of evidence', () => {
  const named = { LAPSE_S3_BUCKET: 'evidence' };

  test('is none unless it is named', async () => {
    expect((await configOf({})).s3).toBeUndefined();
  });

  test('of AWS is reached by the role of the machine, of others by path and key', async () => {
    expect((await configOf({ ...named, LAPSE_S3_REGION: 'eu-central-1' })).s3).toEqual({
      bucket: 'evidence',
      prefix: '',
      region: 'eu-central-1',
      endpoint: undefined,
      isPathStyle: false,
      credentials: undefined,
    });
    const env = {
      ...named,
      LAPSE_S3_ENDPOINT: 'https://s3.example.com',
      LAPSE_S3_PREFIX: 'lapse/evidence/',
      LAPSE_S3_ACCESS_KEY_ID: 'KEY',
      LAPSE_S3_SECRET_ACCESS_KEY_FILE: 'secret',
    };
    expect((await configOf(env)).s3).toMatchObject({
      prefix: 'lapse/evidence/',
      endpoint: 'https://s3.example.com',
      isPathStyle: true,
      credentials: { accessKeyId: 'KEY', secretFile: join(tmpdir(), 'secret') },
    });
  });

  test.each<[string, NodeJS.ProcessEnv, string]>([
    [
      'a bucket that nobody can name so',
      { LAPSE_S3_BUCKET: 'My Bucket' },
      'is not the name of a bucket',
    ],
    [
      'a prefix that leads elsewhere',
      { ...named, LAPSE_S3_PREFIX: '/a' },
      'must be like lapse/evidence',
    ],
    [
      'an endpoint without a scheme',
      { ...named, LAPSE_S3_ENDPOINT: 's3.example.com' },
      'must be like https',
    ],
    ['a key without its secret', { ...named, LAPSE_S3_ACCESS_KEY_ID: 'KEY' }, 'go together'],
    [
      'a region without a bucket',
      { LAPSE_S3_REGION: 'eu' },
      'LAPSE_S3_REGION goes with LAPSE_S3_BUCKET',
    ],
  ])('is refused: %s', async (_, env, message) => {
    await expect(configOf(env)).rejects.toThrow(message);
  });
});

describe('limits', () => {
  test('are there without being asked for, and nobody else’s word for an address', async () => {
    const { limits, trustedProxies } = await configOfFile('');
    expect(limits).toEqual({ requests: 120_000, failures: 30, signIns: 120 });
    expect(trustedProxies).toEqual([]);
  });

  test('are as they are set', async () => {
    const { limits, trustedProxies } = await configOfFile(`
limits: { requests_per_minute: 100, failures_per_minute: 5, sign_ins_per_minute: 7 }
trusted_proxies: [10.0.0.1, 10.0.0.0/8, "fd00::/8", "::1"]
`);
    expect(limits).toEqual({ requests: 100, failures: 5, signIns: 7 });
    expect(trustedProxies).toEqual(['10.0.0.1', '10.0.0.0/8', 'fd00::/8', '::1']);
  });

  test('of how old a sign-in may be are in minutes, fifteen unless told', async () => {
    expect((await configOfFile('')).freshSignIn).toBe(900_000);
    const told = await configOfFile('sign_in: { fresh_for_minutes: 5 }');
    expect(told.freshSignIn).toBe(300_000);
  });

  test.each([
    ['limits: { failures_per_minute: 0 }', 'limits.failures_per_minute'],
    ['limits: { requests_per_minute: many }', 'limits.requests_per_minute'],
    ['limits: { requests: 5 }', 'limits'],
    ['sign_in: { fresh_for_minutes: 0 }', 'sign_in.fresh_for_minutes'],
    ['sign_in: { fresh_for_minutes: 721 }', 'sign_in.fresh_for_minutes'],
    ['sign_in: { fresh_for: PT5M }', 'sign_in'],
    ['trusted_proxies: [proxy.example.com]', 'trusted_proxies.0'],
    ['trusted_proxies: ["0.0.0.0/0"]', 'trusted_proxies.0'],
    ['trusted_proxies: [10.0.0.0/33]', 'trusted_proxies.0'],
    ['trusted_proxies: ["10.0.0.0/255.0.0.0"]', 'trusted_proxies.0'],
    ['trusted_proxies: true', 'trusted_proxies'],
  ])('%s is refused', async (yaml, place) => {
    await expect(configOfFile(yaml)).rejects.toThrow(`lapse.config.yaml cannot be used: ${place}`);
  });
});
