import type { ExceptionFieldsInput } from '../../src/domain/exception/fields.ts';

/** Digits that the title ends with, so that every body has the same length. */
export const SERIAL_DIGITS = 9;

/** A complete request of the usual size: what a person fills in, two services, two owners. */
export function sampleRequest(serial: number): ExceptionFieldsInput {
  const digits = String(serial).padStart(SERIAL_DIGITS, '0');
  return {
    title: `Public network access on the invoice storage account until the private endpoint is live ${digits}`,
    category: 'network',
    control: 'azure-policy-nonprod',
    policy_ref: ['standards/network.md#storage-accounts', 'standards/data.md#restricted'],
    adr_id: 'ADR-0217',
    requestor: { name: 'Rosa Lind', email: 'rosa.lind@example.com', team: 'Billing' },
    environment: 'staging',
    data_classification: 'restricted',
    threat_model_link: 'threat-models/invoices.md#storage',
    stride: 'I',
    likelihood: 'Medium',
    impact: 'High',
    compensating_controls: [
      'The firewall admits the two build agents alone, and each read is logged and reviewed weekly.',
      'Keys are rotated every seven days, and shared access signatures are switched off.',
    ],
    telemetry: { dashboards: ['storage-access'], alerts: ['storage-anonymous-read'] },
    effective_from: '2026-01-01T00:00:00Z',
    requested_duration: 'P60D',
    remediation_plan: {
      summary: 'Move the account behind a private endpoint once the hub network has room for it.',
      steps: [
        { text: 'Reserve the address range in the hub', owner: 'network' },
        { text: 'Create the private endpoint and its DNS zone', owner: 'billing' },
      ],
      closure_criteria: [
        { id: 'endpoint', text: 'The account resolves to its private address from every subnet' },
        {
          id: 'public',
          text: 'Public network access is disabled and the policy reports compliance',
        },
      ],
    },
    owners: [
      { name: 'Rosa Lind', email: 'rosa.lind@example.com' },
      { name: 'Ike Mott', email: 'ike.mott@example.com' },
    ],
    // Another account each time: what covers the same would be a renewal.
    scope: { resources: [`storage/invoices${digits}`] },
    services: ['invoices', 'payments'],
    justification: 'The monthly run has to read the account before the hub network is extended.',
    expiry_actions: 'Public access is disabled by the pipeline; the run then uses the endpoint.',
    ticket_id: 'NET-4411',
  };
}
