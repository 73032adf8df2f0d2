import type { Control } from '../exception/fields.ts';
import type { RequestTemplate } from './policy.ts';

const GOLDEN_SIGNALS = ['latency', 'error_rate', 'availability', 'request_rate'];

/** The quick starts of 000 section 6: example records that others begin from. */
const QUICK_STARTS: readonly RequestTemplate[] = [
  {
    name: 'model-watermarking',
    summary: 'A model served before watermarking is available',
    source: '000 section 6.1, Model extraction risk while tuning',
    fields: {
      category: 'ai',
      stride: 'I',
      likelihood: 'Medium',
      impact: 'High',
      requested_duration: 'P60D',
      end_condition: 'Watermarking is generally available and on',
      compensating_controls: [
        'Hard rate limits',
        'Output watermarking on the gateway',
        'Audit sampling of answers',
        'Pinned to one region',
      ],
      telemetry: { metrics: [...GOLDEN_SIGNALS, 'token_usage'] },
      remediation_plan: {
        summary: 'Switch to the watermarked serving path when it is available.',
        closure_criteria: ['Watermarking is on for all traffic', 'Extraction tests pass'],
      },
    },
    asks: {
      models: 'Which models are served?',
      versioning_impact: 'What changes for callers once answers carry a watermark?',
      expiry_actions:
        'Which model serves once this one may not any more, and why is that fine for its callers?',
    },
  },
  {
    name: 'cross-region-triage',
    summary: 'Restricted logs in another region for triage',
    source: '000 section 6.2, Cross-region transfer for incident triage',
    fields: {
      category: 'data',
      data_classification: 'restricted',
      stride: 'I',
      requested_duration: 'P14D',
      compensating_controls: [
        'User ids are pseudonymised',
        'Encrypted in transit and at rest',
        'The copy is deleted within 14 days',
      ],
      remediation_plan: {
        summary: 'Triage, then deletion within 14 days with a record of it.',
        steps: [{ text: 'Delete the copy', due: 'P14D' }],
        closure_criteria: ['The copy is deleted, shown by the storage log'],
      },
    },
    asks: {
      'scope.regions': 'Which regions do the data leave and reach?',
      expiry_actions: 'What deletes the copy at the end, and why does nothing depend on it then?',
    },
  },
  {
    name: 'legacy-header',
    summary: 'More time for API consumers with an old header',
    source: '000 section 6.3, Legacy header deprecation grace period',
    fields: {
      category: 'release',
      change_class: 'breaking',
      stride: 'S',
      requested_duration: 'P90D',
      compensating_controls: [
        'Deprecation and Sunset headers on every answer',
        'Migration guide',
        'A reminder to consumers each month',
      ],
      telemetry: { metrics: [...GOLDEN_SIGNALS] },
      remediation_plan: {
        summary: 'Consumers move one by one; the old header is refused after the sunset.',
        closure_criteria: [
          'No request of the last 14 days carries the old header',
          'The old header is refused',
        ],
      },
    },
    asks: {
      apis: 'Which APIs still take the old header?',
      consumers: 'Which consumers need the time? Each signs off',
      versioning_impact: 'When is the sunset, and which version carries the new header?',
      expiry_actions:
        'What does a caller with the old header get at the end, and why is that fine?',
    },
  },
];

const CONTROLS: readonly RequestTemplate[] = [
  forControl('azure-policy-prod', {
    summary: 'Exempt from an Azure policy in production',
    title: 'Azure Policy (Production)',
    fields: {
      environment: 'prod',
      requested_duration: 'P14D',
      compensating_controls: ['The exemption names one resource and one policy'],
      closure: 'The resource complies, and the exemption is gone',
    },
    plan: 'What will make the resource comply, and by when?',
    atEnd: 'The policy applies again at the end: what is denied then, and why is that fine?',
  }),
  forControl('azure-policy-nonprod', {
    summary: 'Exempt from an Azure policy outside production',
    title: 'Azure Policy (Non-Production)',
    fields: {
      requested_duration: 'P30D',
      compensating_controls: [
        'The exemption names one resource and one policy',
        'No data of production is used',
      ],
      closure: 'The resource complies or is deleted, and the exemption is gone',
    },
    plan: 'What will make the resource comply, and by when?',
    atEnd: 'The policy applies again at the end: what is denied then, and why is that fine?',
  }),
  forControl('rbac-tier-1', {
    summary: 'A privileged role for a few days',
    title: 'RBAC Elevation (Tier 1)',
    fields: {
      category: 'authz',
      stride: 'E',
      requested_duration: 'P7D',
      compensating_controls: [
        'The role is assigned on the narrowest scope that does',
        'Every use of it is logged and looked at',
      ],
      closure: 'The role assignment is gone',
    },
    plan: 'How is the work done later without the role?',
    atEnd: 'The role goes at the end: what can they no longer do, and why is that fine?',
  }),
  forControl('rbac-tier-0', {
    summary: 'A role over the whole platform for a day',
    title: 'RBAC Elevation (Tier 0)',
    fields: {
      category: 'authz',
      stride: 'E',
      requested_duration: 'P1D',
      compensating_controls: [
        'From a privileged access workstation alone, with a phishing-resistant factor',
        'A second person watches',
        'Every use of it raises an alert',
      ],
      closure: 'The role assignment is gone, and its use was looked at',
    },
    plan: 'How is the work done later without the role?',
    atEnd: 'The role goes at the end: what can they no longer do, and why is that fine?',
  }),
  forControl('conditional-access', {
    summary: 'Left out of a conditional access policy',
    title: 'Conditional Access Bypass',
    fields: {
      category: 'authz',
      stride: 'S',
      requested_duration: 'P7D',
      compensating_controls: [
        'Sign-in from named places alone',
        'Alert on every sign-in without the policy',
      ],
      closure: 'The account is out of the exclusion group, and signs in under the policy',
    },
    plan: 'What lets the account sign in under the policy, and by when?',
    atEnd: 'The policy applies again at the end: who cannot sign in then, and why is that fine?',
  }),
  forControl('defender', {
    summary: 'Exempt from a Defender for Cloud recommendation',
    title: 'Defender for Cloud Exemption',
    fields: {
      requested_duration: 'P14D',
      compensating_controls: ['The exemption names one resource and one recommendation'],
      closure: 'The recommendation is met, and the exemption is gone',
    },
    plan: 'What meets the recommendation, and by when?',
    atEnd: 'The finding comes back at the end: who acts on it, and why is that fine?',
  }),
  forControl('private-endpoint', {
    summary: 'A public address until a private endpoint is there',
    title: 'Private Endpoint Exemption',
    fields: {
      category: 'network',
      stride: 'I',
      requested_duration: 'P14D',
      compensating_controls: [
        'The public address takes named sources alone',
        'Encrypted in transit, with authentication',
      ],
      closure: 'The private endpoint is in use, and public access is off',
    },
    plan: 'When is the private endpoint there, and who moves to it?',
    atEnd: 'Public access goes at the end: who loses it, and why is that fine?',
  }),
  forControl('firewall', {
    summary: 'A firewall lets traffic through for a few days',
    title: 'Firewall Rule (Temporary)',
    fields: {
      category: 'network',
      stride: 'I',
      requested_duration: 'P7D',
      compensating_controls: [
        'One source, one destination and one port',
        'Traffic under the rule is logged',
      ],
      closure: 'The rule is gone from the firewall',
    },
    plan: 'What makes the rule unnecessary, and by when?',
    atEnd: 'The rule goes at the end: which traffic stops, and why is that fine?',
  }),
];

/** The templates that come with Lapse: the quick starts of 000 section 6, and one for each control of 002. */
export const BUILT_IN_TEMPLATES: RequestTemplate[] = [...QUICK_STARTS, ...CONTROLS];

interface ForControl {
  readonly summary: string;
  /** Its row in 002, Maximum Exception Durations. */
  readonly title: string;
  readonly fields: RequestTemplate['fields'] & { readonly closure: string };
  /** The question for how the exception becomes unnecessary (002, Plan for Expiry). */
  readonly plan: string;
  /** The question for what happens at the end (002, Document Expiry Actions). */
  readonly atEnd: string;
}

/** It is named for its control, and begins with less than the maximum (002, Start with Shortest Duration). */
function forControl(
  control: Control,
  { summary, title, fields: { closure, ...fields }, plan, atEnd }: ForControl,
): RequestTemplate {
  return {
    name: control,
    summary,
    source: `002, Maximum Exception Durations: ${title}`,
    fields: { ...fields, control, remediation_plan: { closure_criteria: [closure] } },
    asks: { 'remediation_plan.summary': plan, expiry_actions: atEnd },
  };
}
