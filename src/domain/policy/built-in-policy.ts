import type { Control } from '../exception/fields.ts';
import { BUILT_IN_TEMPLATES } from './built-in-templates.ts';
import type { Policy, PolicyRule } from './policy.ts';
import { PACK_DEFAULTS } from './policy-pack.ts';

const DURATIONS = '002, Maximum Exception Durations';
const RENEWALS = '002, Renewal Limits';
const MATRIX = '000 section 1, approval matrix';

type Effects = PolicyRule['effects'];
type Asked = NonNullable<Effects['approvals']>;

/** One person of each role, in any order. */
function by(...roles: Asked[number]['role'][]): Asked {
  return roles.map((role) => ({ role }));
}

function rule(
  id: string,
  source: string,
  match: PolicyRule['match'],
  effects: Effects,
): PolicyRule {
  return { id, source, match, effects };
}

function controlMaximum(control: Control, days: number, title: string): PolicyRule {
  // An extension lengthens the record once, but never past the control's own maximum.
  const effects = { maximum: `P${days}D`, total: `P${days}D` };
  return rule(`maximum-${control}`, `${DURATIONS}: ${title}`, { control: [control] }, effects);
}

/** The policy that Lapse ships: every figure of both documents. */
export const BUILT_IN_POLICY: Policy = {
  id: 'built-in-2',
  undecided_after: 'P30D',
  archive_after: 'P30D',
  ...PACK_DEFAULTS,
  // Whoever is an approver and nothing besides reviews as security, or for the domain.
  stand_ins: { approver: ['security', 'domain-owner'] },
  rules: [
    rule(
      'default-maximum',
      '000 section 4, Duration',
      {},
      {
        maximum: 'P90D',
        extension: 'P90D',
        total: 'P180D',
      },
    ),
    controlMaximum('azure-policy-prod', 30, 'Azure Policy (Production)'),
    controlMaximum('azure-policy-nonprod', 90, 'Azure Policy (Non-Production)'),
    controlMaximum('rbac-tier-1', 30, 'RBAC Elevation (Tier 1)'),
    controlMaximum('rbac-tier-0', 14, 'RBAC Elevation (Tier 0)'),
    controlMaximum('conditional-access', 14, 'Conditional Access Bypass'),
    controlMaximum('defender', 30, 'Defender for Cloud Exemption'),
    controlMaximum('private-endpoint', 30, 'Private Endpoint Exemption'),
    controlMaximum('firewall', 14, 'Firewall Rule (Temporary)'),
    rule(
      'reminders',
      '000 section 2, Required steps 5; 002, Exception Expiry Notifications',
      {},
      {
        reminders: ['P30D', 'P7D', 'P1D'],
      },
    ),
    rule(
      'review',
      '000 section 2, Required steps 2',
      {},
      {
        approvals: by('security', 'domain-owner'),
      },
    ),
    rule('major-change', MATRIX, { change_class: ['major'] }, { approvals: by('platform-lead') }),
    rule('security-change', MATRIX, { change_class: ['security'] }, { approvals: by('ciso') }),
    rule('high-severity', MATRIX, { severity: ['High'] }, { approvals: by('ciso') }),
    rule(
      'breaking-change',
      `${MATRIX}: consumer sign-off`,
      { change_class: ['breaking'] },
      {
        approvals: by('consumer'),
        fields: ['consumers'],
      },
    ),
    rule(
      'api-owner',
      '000 section 3.2, approvals',
      { names: ['apis'] },
      {
        approvals: by('api-owner'),
      },
    ),
    rule(
      'data-across-regions',
      '000 section 6.2, Cross-region transfer: Security and Legal DPO',
      { data_classification: ['restricted', 'confidential'], regions: 'several' },
      { approvals: by('dpo') },
    ),
    rule(
      'extension',
      '000 section 4, Duration: CISO approval',
      {},
      {
        extension_approvals: by('ciso'),
      },
    ),
    rule(
      'versioning',
      '000 section 1, point 5; section 3.1',
      { names: ['apis', 'models'] },
      {
        fields: ['versioning_impact'],
      },
    ),
    rule(
      'wide-scope',
      '000 section 4, Scope minimization',
      { breadth: ['wide'] },
      {
        approvals: by('ciso'),
        fields: ['scope_justification'],
      },
    ),
    rule(
      'monitoring',
      '000 section 4, Monitoring',
      {},
      {
        monitoring: ['latency', 'error-rate', 'availability', 'request-rate', 'trace-keys'],
      },
    ),
    rule(
      'model-monitoring',
      '000 section 4, Monitoring',
      { names: ['models'] },
      {
        monitoring: ['token-usage'],
      },
    ),
    rule(
      'api-reminders',
      '000 section 6.3, monthly reminders',
      { names: ['consumers'] },
      {
        recurring_reminder: 'P1M',
      },
    ),
    rule(
      'renewal-1',
      `${RENEWALS}: First, Second`,
      { renewal: { from: 1, to: 2 } },
      {
        // Whoever has left cannot say anew what they have said; the CISO answers for all of them.
        approvals: [{ role: 'first-approver', fallback: 'ciso' }],
        fields: ['justification'],
      },
    ),
    rule(
      'renewal-2',
      `${RENEWALS}: Second`,
      { renewal: { from: 2 } },
      {
        approvals: by('platform-lead'),
        artifacts: ['migration-plan'],
      },
    ),
    rule(
      'renewal-3',
      `${RENEWALS}: Third; Time-Boxed Exceptions Summary`,
      { renewal: { from: 3 } },
      {
        approvals: by('security', 'executive-sponsor', 'executive-leadership'),
        artifacts: ['business-case'],
      },
    ),
    rule(
      'renewal-4',
      `${RENEWALS}: Fourth+`,
      { renewal: { from: 4 } },
      {
        approvals: by('executive-leadership', 'risk-committee'),
        artifacts: ['memo'],
      },
    ),
    rule(
      'permanent',
      '002, Permanent Exceptions (Rare)',
      { kind: ['permanent'] },
      {
        approvals: by('ciso', 'executive-sponsor'),
        artifacts: ['business-case', 'memo'],
      },
    ),
  ],
  templates: BUILT_IN_TEMPLATES,
};
