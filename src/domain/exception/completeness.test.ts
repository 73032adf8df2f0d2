import { describe, expect, it } from 'vitest';
import { COMPLETE, given } from '../../../test/support/given.ts';
import { missingForRequest } from './completeness.ts';
import type { ExceptionFields } from './fields.ts';

/** Section 3.1 of 000: each field that it marks "Yes", and who sees to it. */
const REQUIRED_BY_REGISTER: Readonly<Record<string, 'people' | 'Lapse' | 'closing'>> = {
  exception_id: 'Lapse',
  title: 'people',
  category: 'people',
  policy_ref: 'people',
  adr_id: 'people',
  requestor: 'people',
  tenant_org: 'Lapse',
  environment: 'people',
  data_classification: 'people',
  threat_model_link: 'people',
  stride: 'people',
  likelihood: 'people',
  impact: 'people',
  risk_score: 'Lapse',
  compensating_controls: 'people',
  telemetry: 'people',
  approvals: 'Lapse',
  effective_from: 'people',
  expires_at: 'Lapse',
  remediation_plan: 'people',
  status: 'Lapse',
  evidence: 'closing',
};
/** What 002 and the design ask for beyond it. */
const REQUIRED_BESIDES = ['owners', 'expiry_actions'];

const byPeople = Object.keys(REQUIRED_BY_REGISTER).filter(
  (name) => REQUIRED_BY_REGISTER[name] === 'people',
);

describe('a request needs', () => {
  it('nothing beyond the complete record of these tests', () => {
    expect(missingForRequest(COMPLETE)).toEqual([]);
  });

  it('every field that the register requires of people, and says what would pass', () => {
    const missing = missingForRequest({ title: 'x' });
    const expected = [...byPeople, ...REQUIRED_BESIDES].filter((name) => name !== 'title');
    expect(missing.map(({ path }) => path).sort()).toEqual(expected.sort());
    for (const { message } of missing) expect(message).toMatch(/^is required for a request: .{10}/);
  });

  it.each([...byPeople, ...REQUIRED_BESIDES].filter((name) => name !== 'title'))(
    '%s, which submitting names',
    (name) => {
      const { [name as keyof ExceptionFields]: _, ...fields } = COMPLETE;
      const draft = given({ ...fields, [name]: undefined });
      const refusal = draft.refuses({ type: 'SubmitException' });
      expect(refusal).toMatchObject({ code: 'incomplete-record', errors: [{ path: name }] });
      expect(refusal.message).toBe(
        `the request lacks ${name}; add them with an edit and submit again`,
      );
    },
  );

  it.each([
    ['policy_ref', []],
    ['owners', []],
    ['compensating_controls', []],
    ['telemetry', {}],
    ['telemetry', { dashboards: [], alerts: [] }],
    ['remediation_plan', {}],
    ['remediation_plan', { steps: [] }],
  ] as const)('more than an empty %s', (name, value) => {
    const missing = missingForRequest({ ...COMPLETE, [name]: value } as ExceptionFields);
    expect(missing.map(({ path }) => path)).toEqual([name]);
  });

  it('a closure criterion in the remediation plan', () => {
    const plan = { summary: 'migrate' };
    for (const remediation_plan of [plan, { ...plan, closure_criteria: [] }]) {
      expect(missingForRequest({ ...COMPLETE, remediation_plan })).toMatchObject([
        {
          path: 'remediation_plan.closure_criteria',
          message: expect.stringContaining('one criterion'),
        },
      ]);
    }
  });

  it('neither an end nor a score nor evidence', () => {
    for (const name of ['expires_at', 'risk_score', 'evidence'])
      expect(COMPLETE).not.toHaveProperty(name);
    expect(given().submitted().state.status).toBe('Under-Review');
  });
});
