import type { Role } from '../../src/domain/access/actor.ts';
import { DAY, formatInstant } from '../../src/domain/schedule/instant.ts';
import { ALL_EVIDENCE, COMPLETE, PERMANENCE, REASON, RENEWAL, REVIEW, START } from './given.ts';
import type { TestAnswer, TestApi } from './test-api.ts';

/** A record as it was answered. */
export type TestRecord = {
  readonly exception_id: string;
  readonly revision: number;
  readonly status: string;
  readonly [field: string]: unknown;
};

/** A body that each command takes, by the last part of its path. */
export const COMMAND_BODIES: Readonly<Record<string, unknown>> = {
  submit: {},
  'request-changes': { reason: 'name the owner of the plan' },
  withdraw: { reason: 'it is not needed any more' },
  approve: { reason: REASON },
  reject: { reason: 'the risk is too high' },
  activate: {},
  'request-extension': {
    expires_at: formatInstant(START + 120 * DAY),
    reason: 'the supplier is late',
    risk_review: 'unchanged',
  },
  renew: RENEWAL,
  'make-permanent': body(PERMANENCE),
  'complete-review': body(REVIEW),
  'reassess-risk': {
    impact: 'Critical',
    reason: 'the key was found in a log',
    risk_review: 'anybody with the log can use it',
  },
  'require-rearchitecture': { reason: 'the service is rebuilt next year' },
  revoke: { reason: 'it is no longer safe to keep' },
  close: { evidence: ALL_EVIDENCE },
  archive: {},
  evidence: { links: ['https://example.com/pr/3'] },
  violations: { impact: 'none', description: 'one call too many' },
  comments: { body: 'looks good' },
};

/** A command as the API takes it: the path names it, and Lapse makes the id of a change. */
function body({ type: _, change_id: __, ...rest }: { type: string; change_id: string }) {
  return rest;
}

/** Sends a command with a body that it takes. */
export async function command(
  api: TestApi,
  id: string,
  name: string,
  as: 'requestor' | 'approver' | 'second-approver' = 'requestor',
): Promise<TestAnswer> {
  const url = `/v1/exceptions/${id}/${name}`;
  return api.send('POST', url, { as, body: COMMAND_BODIES[name] });
}

/** Approved by an approver and everybody else whose approval is needed; the last answer. */
export async function approveAll(
  api: TestApi,
  id: string,
  first: 'approver' | 'second-approver' = 'approver',
): Promise<TestAnswer> {
  let answer = await command(api, id, 'approve', first);
  for (let role = lacking(answer); role; role = lacking(answer)) {
    const { approve: body } = COMMAND_BODIES;
    answer = await api.send('POST', `/v1/exceptions/${id}/approve`, { as: role, body });
  }
  return answer;
}

/** The role whose approval the request of an answer still needs. */
function lacking({ status, body }: TestAnswer): Role | undefined {
  if (status >= 300 || body.status !== 'Under-Review') return undefined;
  const given = new Set(body.approvals.map(({ role }: { role: Role }) => role));
  return body.requirements
    .map(({ role }: { role: Role }) => role)
    .find((role: Role) => !given.has(role));
}

/** A draft by the requestor's token: complete, with other fields where they are given. */
export async function draft(api: TestApi, fields: object = {}): Promise<TestRecord> {
  return passed(
    await api.send('POST', '/v1/exceptions', { as: 'requestor', body: { ...COMPLETE, ...fields } }),
  );
}

/** A record in a status, by the commands that bring it there. */
export async function recordIn(
  api: TestApi,
  status: 'Draft' | 'Under-Review' | 'Approved' | 'Active' | 'Closed',
): Promise<TestRecord> {
  let record = await draft(api);
  const { exception_id: id } = record;
  const does = async (name: string) => {
    record = passed(await command(api, id, name));
  };
  if (status === 'Draft') return record;
  if (status === 'Closed') {
    await does('withdraw');
    return record;
  }
  await does('submit');
  if (status === 'Under-Review') return record;
  record = passed(await approveAll(api, id));
  if (status === 'Approved') return record;
  await does('activate');
  return record;
}

/** The record of an answer; throws the refusal where it is one. */
export function passed({ status, text, body }: TestAnswer): TestRecord {
  if (status >= 300) throw new Error(`refused with ${status}: ${text}`);
  return body;
}
