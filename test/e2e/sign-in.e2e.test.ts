import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM_TIMEOUT_MS, launchChromium } from '../support/chromium.ts';
import { fastFolder } from '../support/fast-folder.ts';
import { CLIENT, startProvider, type TestProvider } from '../support/oidc-provider.ts';
import { lapseFor, type RunLapse } from './lapse-commands.ts';
import { freePort, type LapseServer, startServer } from './lapse-server.ts';

const folder = mkdtempSync(join(fastFolder(), 'lapse-sign-in-'));
let server: LapseServer;
let provider: TestProvider;
let browser: Browser;
let lapse: RunLapse;
const scripts: string[] = [];

beforeAll(async () => {
  const port = await freePort();
  provider = await startProvider(`http://localhost:${port}`, {
    ada: { name: 'Ada Lovelace', email: 'ada@example.com', email_verified: true, groups: ['sec'] },
  });
  server = await startServer(join(folder, 'data'), port, {
    LAPSE_INSIDE_HOSTS: new URL(provider.issuer).host,
  });
  lapse = lapseFor({
    LAPSE_URL: server.url,
    LAPSE_TOKEN: server.adminToken,
    LAPSE_DATA: server.dataDir,
    COLUMNS: '80',
  });
  browser = await launchChromium();
}, CHROMIUM_TIMEOUT_MS);

afterAll(async () => {
  await browser?.close();
  await provider?.close();
  await server?.end('SIGINT');
  rmSync(folder, { recursive: true, force: true });
});

async function openPage(path: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  page.on('console', (message) => scripts.push(message.text()));
  await page.goto(`${server.url}${path}`);
  return page;
}

/** At the provider's page. */
async function signInThere(page: Page): Promise<void> {
  await page.fill('input[name=login]', 'ada');
  await page.fill('input[name=password]', 'x');
  await page.click('button[type=submit]');
}

describe('in a browser', () => {
  test('a one-time link signs in, says who it is, and signs out', async () => {
    const made = await lapse('token', 'sign-in-link');
    expect(made.exitCode, made.stderr).toBe(0);
    const page = await openPage(new URL(made.stdout.trim()).pathname);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'Administrator' }).waitFor();
    expect(await page.textContent('dl')).toContain('administrator');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL('**/sign-in');
    await page.goto(`${server.url}/`);
    expect(new URL(page.url()).pathname).toBe('/sign-in');
  });

  test('a provider signs in and out again', async () => {
    const secret = join(folder, 'secret');
    writeFileSync(secret, CLIENT.client_secret);
    const put = await lapse(
      ...['provider', 'put', 'work', '--label', 'Work account', '--issuer', provider.issuer],
      ...['--client-id', CLIENT.client_id, '--client-secret-file', secret],
      ...['--role', 'sec=security', '--role', 'sec=requestor', '--email-domain', 'example.com'],
    );
    expect(put.exitCode, put.stderr).toBe(0);
    const page = await openPage('/');
    await page.getByRole('link', { name: 'Work account' }).click();
    await signInThere(page);
    await page.click('button[type=submit]');
    await page.getByRole('heading', { name: 'Ada Lovelace' }).waitFor();
    expect(await page.textContent('dl')).toContain('requestor, security');
    const cookies = await page.context().cookies(server.url);
    expect(cookies.find(({ name }) => name === 'lapse')).toMatchObject({
      httpOnly: true,
      sameSite: 'Lax',
    });
    expect(await page.evaluate('document.cookie').catch(() => '')).toBe('');
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.waitForURL((url) => url.origin === provider.issuer);
    await page.getByRole('button', { name: /Yes, sign me out/ }).click();
    await page.waitForURL(`${server.url}/sign-in**`);
  });

  test('whoever registers a passkey signs in anew first, and comes back to it', async () => {
    const page = await openPage('/sign-in?to=/passkeys');
    await page.getByRole('link', { name: 'Work account' }).click();
    await signInThere(page);
    await page.click('button[type=submit]');
    await page.getByRole('button', { name: 'Register a passkey' }).click();
    await page.getByRole('heading', { name: 'Sign in again' }).waitFor();
    expect(await page.textContent('main')).toContain('You are Ada Lovelace.');
    await page.getByRole('link', { name: 'Work account' }).click();
    // Though there is a session at the provider, it asks again.
    await signInThere(page);
    await page.waitForURL(`${server.url}/passkeys`);
    const devices = await page.context().newCDPSession(page);
    await devices.send('WebAuthn.enable');
    await devices.send('WebAuthn.addVirtualAuthenticator', {
      options: {
        ...{ protocol: 'ctap2', transport: 'internal', hasResidentKey: true },
        ...{ hasUserVerification: true, isUserVerified: true },
      },
    });
    await page.getByRole('button', { name: 'Register a passkey' }).click();
    await page.getByText('not used yet').waitFor();
  });

  test('no page broke its own policy', () => {
    expect(scripts.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
  });
});

test('the audit shows who signed in and out, and what was set up for it', async () => {
  const shown = await lapse('audit');
  expect(shown.exitCode, shown.stderr).toBe(0);
  for (const line of shown.stdout.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  expect(shown.stdout).toMatch(/^RECORDED \(UTC\) +WHO +WHAT +ABOUT +DETAIL\n/);
  expect(shown.stdout).toMatch(/:\d\d {2}Ada Lovelace +session ended +Ada Lovelace +signed-out\n/);
  expect(shown.stdout).toMatch(/:\d\d {2}Administrator +provider put +work +http/);
  const links = await lapse('audit', '--type', 'SignedIn', '--limit', '1', '--json');
  const { items, next_cursor } = JSON.parse(links.stdout);
  expect(items).toMatchObject([{ type: 'SignedIn', actor: { name: 'Ada Lovelace' } }]);
  expect(next_cursor).not.toBeNull();
  const none = await lapse('audit', '--from', '2199-01-01');
  expect(none).toMatchObject({ exitCode: 0, stdout: '' });
});
