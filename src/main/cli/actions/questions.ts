import type { Fields } from './field-file.ts';

/** One question on a terminal. */
export interface Question {
  /** The field, dotted. */
  readonly path: string;
  readonly message: string;
  readonly example?: string;
  /** How a text is read; a list is separated by semicolons. */
  readonly form?: 'list' | 'person' | 'people';
  readonly isRequired?: boolean;
}

/** What is asked, in order: the problem, what it touches, the risk, what limits it, who, and how it ends. */
export const QUESTIONS: readonly Question[] = [
  {
    path: 'title',
    message: 'What is the exception? (title)',
    example: 'Temporary OAuth bypass for supplier webhook re-ingest',
    isRequired: true,
  },
  { path: 'category', message: 'Category' },
  { path: 'environment', message: 'Environment' },
  { path: 'data_classification', message: 'Classification of the data that it touches' },
  { path: 'control', message: 'Control that it suspends; it sets the longest duration' },
  {
    path: 'policy_ref',
    message: 'Links to the rules that are not followed (separate several with ;)',
    example: '08-security/Security-Guidelines#authn-authz',
    form: 'list',
  },
  { path: 'justification', message: 'Why is it needed?' },
  { path: 'adr_id', message: 'Decision record', example: 'ADR-0217' },
  {
    path: 'requestor',
    message: 'Requestor',
    example: 'A. Rivera <arivera@example.com>, Integrations',
    form: 'person',
  },
  {
    path: 'owners',
    message: 'Owners: who answers for it (separate several with ;)',
    example: 'A. Rivera <arivera@example.com>',
    form: 'people',
  },
  { path: 'services', message: 'Services that it touches (separate several with ;)', form: 'list' },
  {
    path: 'threat_model_link',
    message: 'Link to the entry of the threat model',
    example: 'threat-model#spoofing_api_key',
  },
  { path: 'stride', message: 'STRIDE category' },
  { path: 'likelihood', message: 'Likelihood' },
  { path: 'impact', message: 'Impact' },
  {
    path: 'compensating_controls',
    message: 'Compensating controls: what limits the risk meanwhile (separate several with ;)',
    example: 'Rate-limit 10/min per key; strict IP allowlist',
    form: 'list',
  },
  {
    path: 'telemetry.dashboards',
    message: 'Dashboards that watch it (separate several with ;)',
    form: 'list',
  },
  {
    path: 'telemetry.alerts',
    message: 'Alerts that watch it (separate several with ;)',
    form: 'list',
  },
  { path: 'remediation_plan.summary', message: 'How does the exception become unnecessary?' },
  {
    path: 'remediation_plan.closure_criteria',
    message: 'What shows that it is over? (closure criteria, separate several with ;)',
    form: 'list',
  },
  { path: 'expiry_actions', message: 'What happens at the end, and why is that fine?' },
  { path: 'effective_from', message: 'Start (Enter: from approval)', example: '2026-03-07' },
];

/** What a renewal needs afresh, in the order in which it is asked for. */
export const RENEWAL_QUESTIONS: readonly Question[] = [
  {
    path: 'justification',
    message: 'What has changed, and why is it still needed?',
    example: 'The vendor moved the cut-over to May and confirmed it in writing',
    isRequired: true,
  },
  { path: 'likelihood', message: 'Likelihood, as assessed now', isRequired: true },
  { path: 'impact', message: 'Impact, as assessed now', isRequired: true },
  {
    path: 'risk_review',
    message: 'What did the fresh look at the risk find?',
    example: 'Keys were rotated in March; no finding since',
    isRequired: true,
  },
];

/** Whether fields say something at a dotted path. */
export function isAnswered(fields: Fields, path: string): boolean {
  let value: unknown = fields;
  for (const key of path.split('.')) {
    value = (value as Record<string, unknown> | undefined)?.[key];
  }
  return value !== undefined && value !== null;
}
