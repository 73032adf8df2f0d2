import { setTimeout as pause } from 'node:timers/promises';
import { dataOf, type LapseClient, type ReconciliationReport } from '@lapse/client';
import { renderReport, renderReports } from '../render/render-reconciliation.ts';
import { counted } from '../render/time-text.ts';
import { EXIT } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, safeLine, terminalWidth } from '../terminal/output.ts';
import { type ProgressLine, progressLine } from '../terminal/progress-line.ts';
import { say, sayNext } from '../terminal/say.ts';
import { allItems, eachPage } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

const ASKS_EVERY_MS = 500;

interface ReconcileOptions extends AnswerOptions {
  readonly adopt?: boolean;
}

/** `lapse reconcile`: exit 1 where something new was found, 3 where not everything could be read. */
export async function reconcile({ adopt, json }: ReconcileOptions): Promise<void> {
  const client = connect();
  const progress = progressLine();
  let report: ReconciliationReport;
  let adopted: readonly Adopted[] | undefined;
  try {
    report = await finished(client, progress);
    adopted = adopt ? await adoptAll(client, progress) : undefined;
  } finally {
    progress.done();
  }
  if (json) printJson({ ...report, ...(adopted ? { adopted } : {}) });
  else tell(report, adopted);
  if (report.findings.new > 0) process.exitCode = EXIT.refused;
  else if (report.complete === false) process.exitCode = EXIT.undecided;
}

/** `lapse reconciliations`: the reports. */
export async function listReports({ json }: AnswerOptions): Promise<void> {
  const client = connect();
  const items = await allItems((query) =>
    dataOf(client.GET('/v1/reconciliations', { params: { query } })),
  );
  if (json) return printJson({ items, next_cursor: null });
  if (items.length === 0) return remark('nothing was compared yet; lapse reconcile does it now');
  print(renderReports(items, terminalWidth()));
}

async function finished(
  client: LapseClient,
  progress: ProgressLine,
): Promise<ReconciliationReport> {
  let report = await dataOf(client.POST('/v1/reconciliations'));
  const id = report.reconciliation_id;
  progress.follow((seconds) => `${stateText(report)} (${seconds} s)`);
  while (report.state === 'running') {
    await pause(ASKS_EVERY_MS);
    report = await dataOf(client.GET('/v1/reconciliations/{id}', { params: { path: { id } } }));
  }
  return report;
}

/** How far it is, and what it waits for where a list has failed. */
function stateText({ checked, scopes }: ReconciliationReport): string {
  const read = scopes.filter(({ state }) => state !== 'waiting').length;
  const waiting = scopes.find(({ state, message }) => state === 'waiting' && message !== null);
  const why = waiting ? `; tried again: ${safeLine(waiting.message ?? '').slice(0, 60)}` : '';
  return `${counted(checked, 'grant')} checked, ${read} of ${counted(scopes.length, 'scope')} read${why}`;
}

interface Adopted {
  readonly finding_id: string;
  readonly exception_id: string;
}

/** Makes drafts of all that no exception lists; what was adopted before is not adopted again. */
async function adoptAll(client: LapseClient, progress: ProgressLine): Promise<Adopted[]> {
  const adopted: Adopted[] = [];
  const asked = { state: ['open' as const], kind: ['unregistered' as const] };
  const pages = eachPage((page) =>
    dataOf(client.GET('/v1/findings', { params: { query: { ...asked, ...page } } })),
  );
  for await (const { items } of pages) {
    for (const { finding_id: id } of items) {
      const finding = await dataOf(
        client.POST('/v1/findings/{id}/adopt', { params: { path: { id } } }),
      );
      adopted.push({ finding_id: id, exception_id: finding.answer?.exception_id ?? '' });
      progress.update(`${counted(adopted.length, 'draft')} made`);
    }
  }
  return adopted;
}

function tell(report: ReconciliationReport, adopted: readonly Adopted[] | undefined): void {
  print(renderReport(report, terminalWidth()));
  for (const { scope, message } of report.scopes)
    if (message !== null) say(`not all of ${safeLine(scope)} was read: ${safeLine(message)}`);
  if (report.complete === false) say('nothing is said of what could not be read');
  if (adopted) remark(`${counted(adopted.length, 'draft')} made of what no exception lists`);
  if (adopted?.length) sayNext('lapse list --status Draft, then complete and submit them');
  else if (report.findings.new + report.findings.open > 0) sayNext('lapse findings');
}
