import { type LapseClient, timedDataOf } from '@lapse/client';
import { addDuration, parseDuration } from '../../../domain/schedule/duration.ts';
import { formatInstant } from '../../../domain/schedule/instant.ts';
import type { Grant } from '../render/grant-status.ts';
import { renderGrant } from '../render/render-grant.ts';
import { renderGrants } from '../render/render-grants.ts';
import { type PlannedStep, planSummary, renderPlan, stepsBefore } from '../render/render-plan.ts';
import { counted, timeText } from '../render/time-text.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { print, printJson, remark, terminalWidth } from '../terminal/output.ts';
import { progressLine } from '../terminal/progress-line.ts';
import { readDuration } from '../terminal/read-time.ts';
import { eachPage } from './all-items.ts';
import type { AnswerOptions } from './answer-record.ts';

/** `lapse grants`: of which record, in which status; as they are, or as a plan. */
export interface GrantsOptions extends AnswerOptions {
  readonly status?: Grant['status'][];
  readonly dryRun?: boolean;
  /** Of a dry run: an ISO 8601 duration. */
  readonly within?: string;
}

const WITHIN = 'P7D';

/** `lapse grants [EXC]` */
export async function listGrants(id: string | undefined, options: GrantsOptions): Promise<void> {
  const { status, dryRun, within, json } = options;
  if (within !== undefined && !dryRun)
    throw usageFailure('--within belongs to a plan', 'add --dry-run');
  const span = parseDuration(readDuration(within ?? WITHIN, '--within'));
  const query = {
    ...(id === undefined ? {} : { exception_id: id }),
    ...(status === undefined ? {} : { status }),
  };
  const { grants, now } = await readGrants(connect(), query);
  if (dryRun && span) return tellPlan(grants, { now, until: addDuration(now, span) }, options);
  if (json) return printJson({ items: grants, next_cursor: null });
  if (grants.length === 0) return remark('no record that was in force gives anything like that');
  print(renderGrants(grants, terminalWidth(), now));
  const overdue = grants.filter(({ overdue_since }) => overdue_since !== null).length;
  const late = overdue > 0 ? `, ${overdue} overdue` : '';
  remark(`${counted(grants.length, 'grant')}${late}`);
}

/** `lapse grants show GRT_…` */
export async function showGrant(id: string, { json }: AnswerOptions): Promise<void> {
  const { data: grant, now } = await timedDataOf(
    connect().GET('/v1/grants/{id}', { params: { path: { id } } }),
  );
  if (json) printJson(grant);
  else print(renderGrant(grant, terminalWidth(), now));
}

/** Every grant that is asked for, and the server's time of the answer. */
export async function readGrants(
  client: LapseClient,
  query: { readonly exception_id?: string; readonly status?: Grant['status'][] },
): Promise<{ readonly grants: Grant[]; readonly now: number }> {
  const progress = progressLine();
  const grants: Grant[] = [];
  let now = Number.NaN;
  const pages = eachPage(async (page) => {
    const params = { query: { ...query, ...page } };
    const answer = await timedDataOf(client.GET('/v1/grants', { params }));
    now = answer.now;
    return answer.data;
  });
  try {
    for await (const page of pages) {
      grants.push(...page.items);
      if (page.next_cursor) progress.update(`${counted(grants.length, 'grant')} read`);
    }
  } finally {
    progress.done();
  }
  return { grants, now };
}

/** What Lapse would do; nothing is done, and the cloud is not asked. */
function tellPlan(
  grants: readonly Grant[],
  { now, until }: { readonly now: number; readonly until: number },
  { json }: GrantsOptions,
): void {
  const steps = stepsBefore(grants, until);
  if (json) {
    printJson(planAnswer(steps, { now, until }));
    return;
  }
  if (steps.length > 0) print(renderPlan(steps, terminalWidth()));
  remark(`until ${timeText(formatInstant(until))}: ${planSummary(steps)}; no call was made`);
}

function planAnswer(
  steps: readonly PlannedStep[],
  { now, until }: { readonly now: number; readonly until: number },
) {
  return {
    as_of: formatInstant(now),
    until: formatInstant(until),
    steps: steps.map(({ step, grant: { connection, mode, grant_id, exception_id, grant } }) => ({
      ...step,
      ...{ connection, mode, grant_id, exception_id, grant },
    })),
  };
}
