import type { FakeCloud } from '../../src/connectors/azure/fake/fake-cloud.ts';
import { SCOPE, SUBSCRIPTION } from '../enforcement/cloud-lab.ts';

export const GROUP = '/providers/Microsoft.Management/managementGroups/shops';
const AT = `/subscriptions/${SUBSCRIPTION}/providers/Microsoft.Authorization/policyAssignments`;
export const BASELINE = `${AT}/baseline`;
export const OPEN_TO_ALL = `${AT}/open-to-all`;
export const STANDARD = `${AT}/SecurityCenterBuiltIn`;
export const ABOVE = `${GROUP}/providers/Microsoft.Authorization/policyAssignments/network`;

export const EXEMPTION = {
  kind: 'policy-exemption',
  target: SCOPE,
  permission: BASELINE,
  parameters: { category: 'Waiver' },
};

/** A subscription below a management group, with policies that are assigned in both. */
export function preparePolicies(cloud: FakeCloud): void {
  cloud.addSubscription(SUBSCRIPTION);
  cloud.store.put(`parent:/subscriptions/${SUBSCRIPTION}`, GROUP, 0);
  for (const [id, properties] of [
    [BASELINE, { exemptionManagementMode: 'Default' }],
    [OPEN_TO_ALL, { exemptionManagementMode: 'UserSelfServe' }],
    [STANDARD, { metadata: { assignedBy: 'Security Center' } }],
  ] as const)
    cloud.store.put(`policy-assignment:${id.toLowerCase()}`, { id, properties }, 0);
}

/** Puts an exemption in the cloud as somebody else would. */
export function exempt(
  cloud: FakeCloud,
  { scope = SCOPE, name = 'by-hand', properties = {} }: Exempted = {},
): void {
  const answer = cloud.answer({
    method: 'PUT',
    host: 'management.azure.com',
    path: `${scope}/providers/Microsoft.Authorization/policyExemptions/${name}`,
    query: new URLSearchParams('api-version=2022-07-01-preview'),
    body: {
      properties: { policyAssignmentId: BASELINE, exemptionCategory: 'Waiver', ...properties },
    },
    caller: 'somebody',
  });
  if (answer?.status !== 201) throw new Error(JSON.stringify(answer));
}

interface Exempted {
  readonly scope?: string;
  readonly name?: string;
  readonly properties?: Readonly<Record<string, unknown>>;
}
