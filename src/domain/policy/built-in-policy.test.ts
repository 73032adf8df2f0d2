import { describe, expect, it } from 'vitest';
import { given, START } from '../../../test/support/given.ts';
import { CONTROLS, type Control } from '../exception/fields.ts';
import { DAY, formatInstant, type Instant } from '../schedule/instant.ts';
import { BUILT_IN_POLICY } from './built-in-policy.ts';
import { evaluatePolicy } from './evaluate.ts';

const TABLE = '002, Maximum Exception Durations';
const MAXIMA: readonly (readonly [Control | undefined, number, string])[] = [
  [undefined, 90, '000 section 4, Duration'],
  ['azure-policy-prod', 30, `${TABLE}: Azure Policy (Production)`],
  ['azure-policy-nonprod', 90, `${TABLE}: Azure Policy (Non-Production)`],
  ['rbac-tier-1', 30, `${TABLE}: RBAC Elevation (Tier 1)`],
  ['rbac-tier-0', 14, `${TABLE}: RBAC Elevation (Tier 0)`],
  ['conditional-access', 14, `${TABLE}: Conditional Access Bypass`],
  ['defender', 30, `${TABLE}: Defender for Cloud Exemption`],
  ['private-endpoint', 30, `${TABLE}: Private Endpoint Exemption`],
  ['firewall', 14, `${TABLE}: Firewall Rule (Temporary)`],
];

function request(control: Control | undefined, expires: Instant) {
  const fields = control ? { control } : {};
  return given(fields)
    .after(10 * DAY)
    .with({
      type: 'EditException',
      changes: { expires_at: formatInstant(expires) },
    });
}

describe('the longest time of each control', () => {
  it('is told for every control', () => {
    expect(MAXIMA.map(([control]) => control).sort()).toEqual([undefined, ...CONTROLS].sort());
  });

  it.each(MAXIMA)('%s: %d days (%s), counted from approval', (control, days, source) => {
    // Drafted at START, asked for ten days later, approved five days after that.
    const approval = START + 15 * DAY;
    const exact = approval + days * DAY;
    const early = request(control, exact - 5 * DAY)
      .submitted()
      .after(5 * DAY);
    expect(early.approved().state.expires_at).toBe(exact - 5 * DAY);

    const open = given(control ? { control } : {})
      .after(10 * DAY)
      .submitted()
      .after(5 * DAY)
      .approved();
    expect(open.state.expires_at).toBe(exact);
    const { maximum } = evaluatePolicy(BUILT_IN_POLICY, open.state.fields);
    expect(maximum).toMatchObject({ duration: `P${days}D`, source });
  });

  it.each(MAXIMA)(
    '%s: the last millisecond of %d days passes, the next does not',
    (control, days, source) => {
      const last = START + (10 + days) * DAY;
      const draft = request(control, last - DAY);
      const edit = (end: Instant) =>
        ({ type: 'EditException', changes: { expires_at: formatInstant(end) } }) as const;
      expect(draft.with(edit(last)).submitted().approved().state.expires_at).toBe(last);
      const refusal = draft.refuses(edit(last + 1));
      expect(refusal).toMatchObject({ code: 'end-refused', errors: [{ path: 'expires_at' }] });
      expect(refusal.message).toContain(`up to ${formatInstant(last)} would pass`);
      expect(refusal.message).toContain(source);
    },
  );
});

describe('a policy', () => {
  const rule = { id: 'one', source: 'a test', match: {} };

  it('lets the strictest of the rules that match win, each effect by itself', () => {
    const policy = {
      ...BUILT_IN_POLICY,
      rules: [
        ...BUILT_IN_POLICY.rules,
        {
          ...rule,
          effects: {
            maximum: 'P7D',
            total: 'P99D',
            approvals: [{ role: 'approver' as const, count: 2 }],
          },
        },
      ],
    };
    expect(evaluatePolicy(policy, { title: 'x', control: 'firewall' })).toMatchObject({
      maximum: { duration: 'P7D', rule: 'one' },
      extension: { duration: 'P90D', rule: 'default-maximum' },
      total: { duration: 'P14D', rule: 'maximum-firewall' },
      requirements: [
        { role: 'security', count: 1, rule: 'review' },
        { role: 'domain-owner', count: 1, rule: 'review' },
        { role: 'approver', count: 2, rule: 'one' },
      ],
    });
  });

  it('that sets no limit is not one', () => {
    const endless = { ...BUILT_IN_POLICY, rules: [] };
    expect(() => evaluatePolicy(endless, { title: 'x' })).toThrow('sets no maximum');
    const broken = {
      ...BUILT_IN_POLICY,
      rules: [
        { ...rule, effects: { maximum: '90 days', extension: 'P1D', total: 'P1D' } },
        { ...rule, effects: { maximum: '90 days' } },
      ],
    };
    expect(() => evaluatePolicy(broken, { title: 'x' })).toThrow('not ISO 8601: 90 days');
  });
});
