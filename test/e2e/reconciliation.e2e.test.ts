import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { bundle } from '../../build/bundle.ts';
import {
  renderFindings,
  renderReport,
  renderReports,
} from '../../src/main/cli/render/render-reconciliation.ts';
import { ROLE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';
import { createFindingLab, type FindingLab } from '../reconciliation/finding-lab.ts';
import { lapseFor, ROOT, type RunLapse } from './lapse-commands.ts';

const STRANGE = ['1', '2', '3'].map((digit) => `${digit.repeat(8)}-aaaa-4333-8444-555555555555`);
const REASON = 'nobody of the team knows what it is for';

let lab: FindingLab;
let platform: RunLapse;

beforeAll(async () => {
  const entry = join(ROOT, 'src', 'main', 'cli', 'lapse.ts');
  await bundle({ root: ROOT, entry, outputDir: join(ROOT, 'dist') });
  lab = await createFindingLab();
  await lab.connect('remove', [SUBSCRIPTION]);
  await lab.moveOn(1_000);
  lab.api.lapse.loop.start();
  const address = await lab.api.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = lab.api.app.server.address() as AddressInfo;
  expect(address).toContain(String(port));
  platform = lapseFor({ LAPSE_URL: address, LAPSE_TOKEN: lab.api.tokens.platform ?? '' });
});
afterAll(async () => {
  await lab.api.lapse.loop.stop();
  await lab.close();
});

/** As on a terminal of 80 columns. */
function fits(text: string): void {
  for (const line of text.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
}

test('lapse reconcile answers 0 where nothing new is found, and 1 where something is', async () => {
  const before = await platform('reconcile');
  expect(before).toMatchObject({ exitCode: 0 });
  expect(before.stdout).toContain('0 grants checked: 0 new, 0 still open, 0 solved');
  for (const role of STRANGE) lab.assign(role);
  const found = await platform('reconcile');
  expect(found).toMatchObject({ exitCode: 1 });
  expect(found.stdout).toContain('3 grants checked: 3 new, 0 still open, 0 solved');
  expect(found.stdout).toContain('unregistered: 3 new');
  expect(found.stderr).toContain('lapse findings');
  const { exitCode, stdout } = await platform('reconcile', '--json');
  expect(exitCode).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ findings: { new: 0, open: 3 }, complete: true });
  expect(JSON.parse(stdout).scopes).toHaveLength(1);
  fits(renderReport(JSON.parse(stdout), 80));
  fits(renderReports(JSON.parse((await platform('reconciliations', '--json')).stdout).items, 80));
});

test('findings are listed, accepted and removed', async () => {
  const listed = await platform('findings');
  expect(listed.stdout.split('\n').filter((line) => line.startsWith('FND_'))).toHaveLength(3);
  fits(renderFindings(JSON.parse((await platform('findings', '--json')).stdout).items, 80));
  const [first, second] = await lab.findings('state=open');
  const accepted = await platform(
    ...['findings', 'accept', first.finding_id, '--until', 'P30D', '--reason', REASON],
  );
  expect(accepted).toMatchObject({ exitCode: 0 });
  expect(accepted.stdout).toContain('accepted until 2026-01-31');
  const removed = await platform(...['findings', 'remove', second.finding_id, '--reason', REASON]);
  expect(removed).toMatchObject({ exitCode: 0 });
  expect(removed.stdout).toContain('is being removed');
  await expect.poll(async () => (await lab.finding(second.finding_id)).state).toBe('solved');
  expect(lab.assignments()).toBe(2);
});

test('lapse reconcile --adopt makes a draft of each once', async () => {
  const first = await platform('reconcile', '--adopt', '--json');
  // What was accepted is left as it is.
  expect(JSON.parse(first.stdout).adopted).toHaveLength(1);
  const again = await platform('reconcile', '--adopt', '--json');
  expect(JSON.parse(again.stdout).adopted).toEqual([]);
  const drafts = await platform('list', '--status', 'Draft', '--count');
  expect(drafts.stdout).toBe('1\n');
});

test('a report is written as a file', async () => {
  const [{ reconciliation_id: id }] = await lab.reports();
  const markdown = await platform('reconciliations', 'report', id);
  expect(markdown.stdout).toContain(`# Reconciliation ${id}`);
  const csv = await platform('reconciliations', 'report', id, '--format', 'csv');
  expect(csv.stdout.split('\r\n')[0]).toContain('finding_id,standing,kind');
  // All but the one that was removed.
  expect(STRANGE.filter((role) => csv.stdout.includes(role))).toHaveLength(2);
  expect(csv.stdout).not.toContain(ROLE.permission);
});
