import type { Control } from '../exception/fields.ts';
import type { Policy, PolicyRule } from './policy.ts';

const DURATIONS = '002, Maximum Exception Durations';

function controlMaximum(control: Control, days: number, title: string): PolicyRule {
  return {
    id: `maximum-${control}`,
    source: `${DURATIONS}: ${title}`,
    match: { control },
    // An extension lengthens the record once, but never past the control's own maximum.
    effects: { maximum: `P${days}D`, total: `P${days}D` },
  };
}

/** The policy that Lapse ships: every figure of both documents that bears on this record's time. */
export const BUILT_IN_POLICY: Policy = {
  id: 'built-in-1',
  rules: [
    {
      id: 'default-maximum',
      source: '000 section 4, Duration',
      match: {},
      effects: { maximum: 'P90D', extension: 'P90D', total: 'P180D' },
    },
    controlMaximum('azure-policy-prod', 30, 'Azure Policy (Production)'),
    controlMaximum('azure-policy-nonprod', 90, 'Azure Policy (Non-Production)'),
    controlMaximum('rbac-tier-1', 30, 'RBAC Elevation (Tier 1)'),
    controlMaximum('rbac-tier-0', 14, 'RBAC Elevation (Tier 0)'),
    controlMaximum('conditional-access', 14, 'Conditional Access Bypass'),
    controlMaximum('defender', 30, 'Defender for Cloud Exemption'),
    controlMaximum('private-endpoint', 30, 'Private Endpoint Exemption'),
    controlMaximum('firewall', 14, 'Firewall Rule (Temporary)'),
    {
      id: 'approval',
      source: '000 section 2, Required steps 3',
      match: {},
      effects: { approvals: [{ role: 'approver', count: 1 }] },
    },
  ],
  reminders: ['P30D', 'P7D', 'P1D'],
  undecided_after: 'P30D',
  archive_after: 'P30D',
};
