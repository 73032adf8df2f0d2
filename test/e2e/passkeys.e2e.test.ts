import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CHROMIUM_TIMEOUT_MS, launchChromium } from '../support/chromium.ts';
import { fastFolder } from '../support/fast-folder.ts';
import { COMPLETE } from '../support/given.ts';
import { SIGNED_POLICY } from '../support/signing-people.ts';
import { lapseFor, type RunLapse } from './lapse-commands.ts';
import { freePort, type LapseServer, startServer } from './lapse-server.ts';

const folder = mkdtempSync(join(fastFolder(), 'lapse-passkeys-'));
const said: string[] = [];
let server: LapseServer;
let browser: Browser;
let context: BrowserContext;
let lapse: RunLapse;
let page: Page;
let id: string;

async function send(method: string, path: string, body: unknown, headers = {}) {
  const answer = await fetch(`${server.url}${path}`, {
    method,
    headers: {
      authorization: `Bearer ${server.adminToken}`,
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  expect(answer.ok, text).toBe(true);
  return JSON.parse(text);
}

/** A device that is built in and knows who holds it. */
async function addDevice(to: Page): Promise<void> {
  const devtools = await to.context().newCDPSession(to);
  await devtools.send('WebAuthn.enable');
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

beforeAll(async () => {
  server = await startServer(join(folder, 'data'), await freePort());
  lapse = lapseFor({
    LAPSE_URL: server.url,
    LAPSE_TOKEN: server.adminToken,
    LAPSE_DATA: server.dataDir,
  });
  await send('PUT', '/v1/policy', SIGNED_POLICY, { 'if-match': '"0"' });
  const okoye = {
    ...{ name: 'L. Okoye', email: 'okoye@example.com' },
    ...{ roles: ['approver'], clearance: 'restricted' },
  };
  await send('POST', '/v1/people', okoye);
  ({ exception_id: id } = await send('POST', '/v1/exceptions?submit=true', {
    ...COMPLETE,
    justification: 'The supplier signs its webhooks with a key that we cannot rotate before March.',
  }));
  browser = await launchChromium();
  context = await browser.newContext();
  page = await context.newPage();
  page.on('console', (message) => said.push(message.text()));
  await addDevice(page);
}, CHROMIUM_TIMEOUT_MS);

afterAll(async () => {
  await browser?.close();
  await server?.end('SIGINT');
  rmSync(folder, { recursive: true, force: true });
});

describe('in a browser', () => {
  test('a person registers a passkey', async () => {
    const made = await lapse('token', 'sign-in-link', '--email', 'okoye@example.com');
    await page.goto(`${server.url}${new URL(made.stdout.trim()).pathname}`);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('heading', { name: 'L. Okoye' }).waitFor();
    await page.goto(`${server.url}/approve/${id}`);
    await page.getByRole('link', { name: 'Register one' }).click();
    await page.getByLabel('What to call it').fill('Laptop');
    await page.getByRole('button', { name: 'Register a passkey' }).click();
    await page.getByRole('listitem').filter({ hasText: 'Laptop' }).waitFor();
    expect(await page.getByRole('listitem').textContent()).toContain('of localhost');
  });

  test('an approval without a signature says where to sign it', async () => {
    const wanted = ['--name', 'Okoye', '--email', 'okoye@example.com', '--role', 'approver'];
    const token = await lapse('token', 'create', ...wanted, '--json');
    const as = lapseFor({ LAPSE_URL: server.url, LAPSE_TOKEN: JSON.parse(token.stdout).token });
    const refused = await as('approve', id, '--reason', 'the key is watched day and night');
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toContain('has to be signed with a passkey (rule signed)');
    expect(refused.stderr).toContain(`open ${server.url}/approve/${id} in a browser`);
  });

  test('they see in plain words what they sign, sign it, and the ledger verifies', async () => {
    await page.goto(`${server.url}/approve/${id}`);
    await page.getByLabel('Why you approve it').fill('short');
    await page.getByRole('button', { name: 'Go on to sign' }).click();
    await page.getByRole('status').filter({ hasText: 'takes at least 20' }).waitFor();
    await page.getByLabel('Why you approve it').fill('The key is watched day and night.');
    await page.getByRole('button', { name: 'Go on to sign' }).click();
    await page.getByRole('heading', { name: 'This is what you sign' }).waitFor();
    const words = await page.locator('#signing').textContent();
    expect(words).toContain(COMPLETE.title);
    expect(words).toMatch(/Until\s*\w+, \d+ \w+ \d{4} at \d\d:\d\d UTC, at the latest/);
    expect(words).toMatch(/As\s*approver/);
    expect(words).toContain('The key is watched day and night.');
    expect(await page.getByText('For', { exact: true }).isVisible()).toBe(false);
    await page.getByRole('button', { name: 'Sign with a passkey' }).click();
    await page.getByRole('heading', { name: 'Signed and approved' }).waitFor();
    await page.goto(`${server.url}/approve/${id}`);
    await page.getByText('Nothing of it waits for you').waitFor();
    await server.settle();
    const verified = await lapse('ledger', 'verify');
    expect(verified.stdout).toContain('the ledger is whole');
    const shown = await lapse('show', id);
    expect(shown.stdout.replace(/\s+/g, ' ')).toMatch(
      /L\. Okoye as approver, .*signed with a passkey/,
    );
    const history = await lapse('history', id);
    expect(history.stdout.replace(/\s+/g, ' ')).toMatch(
      /by L\. Okoye \(approver\), signed in by a one-time link .*signed with the passkey/,
    );
  });

  test('who cancels signs nothing, and is told so', async () => {
    const { exception_id: other } = await send('POST', '/v1/exceptions?submit=true', {
      ...COMPLETE,
      title: 'Another webhook',
      scope: { resources: ['another'] },
    });
    const without = await context.newPage();
    await without.addInitScript(
      "navigator.credentials.get = () => Promise.reject(new DOMException('', 'NotAllowedError'))",
    );
    await without.goto(`${server.url}/approve/${other}`);
    await without.getByLabel('Why you approve it').fill('The key is watched day and night.');
    await without.getByRole('button', { name: 'Go on to sign' }).click();
    await without.getByRole('button', { name: 'Sign with a passkey' }).click();
    await without.getByRole('status').filter({ hasText: 'Nothing was signed' }).waitFor();
    const { stdout } = await lapse('show', other, '--json');
    expect(JSON.parse(stdout)).toMatchObject({ status: 'Under-Review', approvals: [] });
  });

  test('a removed passkey is gone', async () => {
    await page.goto(`${server.url}/passkeys`);
    page.once('dialog', (dialog) => dialog.accept());
    await page.getByRole('button', { name: 'Remove' }).click();
    await page.getByText('You have none yet').waitFor();
  });

  test('no page broke its own policy', () => {
    expect(said.filter((text) => text.includes('Content Security Policy'))).toEqual([]);
  });
});
