import { z } from 'zod';
import { FINDING_KINDS } from '../../domain/reconciliation/finding.ts';
import { CAUSES } from '../../domain/reconciliation/schedule.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import type { Report, RunRow } from './reconciliation-views.ts';

/** Automation fails to remove fewer than one exception in a hundred (002, Frequency). */
const MOST_FAILED = 0.01;

const time = z.string().meta({ format: 'date-time' });
const counts = {
  new: z.int(),
  open: z.int().describe('found before, and still there'),
  solved: z.int(),
};

/** A comparison as lists hold it. */
export const runAnswer = z.object({
  reconciliation_id: z.string(),
  cause: z.enum(CAUSES),
  asked_by: z.string().nullable(),
  state: z.enum(['running', 'done']),
  started_at: time,
  finished_at: time.nullable(),
  complete: z
    .boolean()
    .nullable()
    .describe('false: not everything could be read, and nothing is said of what was not'),
  previous: z.string().nullable().describe('the report that it is compared with'),
  checked: z.int().describe('grants that the clouds have listed'),
  findings: z.object(counts),
  removals: z.object({
    ended: z.int().describe('removals by Lapse since the report before'),
    failed: z.int().describe('those of them that a person had to see to'),
    share: z.number().nullable(),
    most: z.number().describe('what 002 takes as usual: fewer than 1 %'),
  }),
});

/** A comparison with all that it counts. */
export const reportAnswer = runAnswer.extend({
  kinds: z.array(z.object({ kind: z.enum(FINDING_KINDS), ...counts })),
  scopes: z.array(
    z.object({
      connection: z.string(),
      scope: z.string(),
      state: z.enum(['waiting', 'read', 'incomplete']),
      checked: z.int(),
      message: z.string().nullable().describe('why it was not read, or not all of it'),
      findings: z.object(counts),
    }),
  ),
});
export type ReportAnswer = z.input<typeof reportAnswer>;

/** A comparison as lists answer it. */
export function toRunAnswer(run: RunRow): z.input<typeof runAnswer> {
  const { removals, failed_removals: failed } = run;
  return {
    reconciliation_id: run.reconciliation_id,
    cause: run.cause,
    asked_by: run.asked_by,
    state: run.finished_at ? 'done' : 'running',
    started_at: formatInstant(run.started_at.getTime()),
    finished_at: run.finished_at && formatInstant(run.finished_at.getTime()),
    complete: run.is_complete,
    previous: run.previous_id,
    checked: run.checked,
    findings: run.findings,
    removals: {
      ended: removals,
      failed,
      share: removals === 0 ? null : failed / removals,
      most: MOST_FAILED,
    },
  };
}

/** A comparison as it is answered. */
export function toReportAnswer({ run, scopes, kinds }: Report): ReportAnswer {
  return {
    ...toRunAnswer(run),
    kinds: [...kinds],
    scopes: scopes.map(({ connection, scope, state, checked, message, findings }) => ({
      ...{ connection, scope, state, checked, message, findings },
    })),
  };
}
