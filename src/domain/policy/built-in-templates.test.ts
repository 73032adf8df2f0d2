import { describe, expect, it, test } from 'vitest';
import { START, Story } from '../../../test/support/given.ts';
import { assessRequest } from '../exception/assess-request.ts';
import type { ExceptionFields } from '../exception/fields.ts';
import { DAY, formatInstant } from '../schedule/instant.ts';
import { BUILT_IN_POLICY } from './built-in-policy.ts';
import { BUILT_IN_TEMPLATES } from './built-in-templates.ts';
import { fieldsByTemplate } from './fields-by-template.ts';
import { FIRST_OF_CHAIN, type RequestTemplate } from './policy.ts';

/** What somebody answers, by field; a template asks for some of it, and every request for the rest. */
const ANSWERS: Readonly<Record<string, unknown>> = {
  category: 'other',
  policy_ref: ['guide#part'],
  adr_id: 'ADR-0217',
  requestor: { name: 'A. Rivera' },
  environment: 'dev',
  data_classification: 'internal',
  threat_model_link: 'threat-model#part',
  stride: 'T',
  likelihood: 'Low',
  impact: 'Low',
  telemetry: { alerts: ['api.error_rate>1%'] },
  'remediation_plan.summary': 'The cause is mended',
  owners: [{ name: 'B. Osei' }],
  expiry_actions: 'What is allowed stops; nobody needs it then',
  versioning_impact: 'None',
  apis: ['orders v1'],
  models: ['tune-support-7b'],
  consumers: ['erp-sync', 'mobile-app'],
  'scope.regions': ['us-east', 'eu-central'],
};

const REVIEW = ['domain-owner', 'security'];

/** Each with the days that it proposes, the most that its document allows, and who approves it then. */
const TEMPLATES: readonly [name: string, days: number, most: number, approvers: string[]][] = [
  // 000 section 6.1: 60 days; High severity, so the CISO (section 1).
  ['model-watermarking', 60, 90, ['ciso', ...REVIEW]],
  // 000 section 6.2: deletion within 14 days; security and the DPO.
  ['cross-region-triage', 14, 90, ['domain-owner', 'dpo', 'security']],
  // 000 section 6.3 and section 1: consumers sign off what breaks.
  ['legacy-header', 90, 90, ['api-owner', 'consumer erp-sync', 'consumer mobile-app', ...REVIEW]],
  // 002, Maximum Exception Durations; 000 section 2: security and the domain owners.
  ['azure-policy-prod', 14, 30, REVIEW],
  ['azure-policy-nonprod', 30, 90, REVIEW],
  ['rbac-tier-1', 7, 30, REVIEW],
  ['rbac-tier-0', 1, 14, REVIEW],
  ['conditional-access', 7, 14, REVIEW],
  ['defender', 14, 30, REVIEW],
  ['private-endpoint', 14, 30, REVIEW],
  ['firewall', 7, 14, REVIEW],
];

function templateOf(name: string): RequestTemplate {
  const template = BUILT_IN_TEMPLATES.find((each) => each.name === name);
  if (!template) throw new Error(`there is no template ${name}`);
  return template;
}

/** The template's fields, with an answer to whatever it asks for or leaves open. */
function answered(name: string): ExceptionFields {
  const given: Record<string, unknown> = { title: 'A request from a template' };
  const proposed = fieldsByTemplate(BUILT_IN_POLICY, name, { title: 'open' }, START);
  const isOpen = (field: string) => !Object.hasOwn(proposed, field);
  const needed = ['apis', 'models', 'consumers', 'versioning_impact', 'scope'];
  for (const [path, answer] of Object.entries(ANSWERS)) {
    const [field = '', part] = path.split('.');
    const isAsked = Object.hasOwn(templateOf(name).asks, path);
    if (!isAsked && (needed.includes(field) || !isOpen(field))) continue;
    const before = proposed[field as keyof ExceptionFields] as object | undefined;
    given[field] = part === undefined ? answer : { ...before, [part]: answer };
  }
  return fieldsByTemplate(BUILT_IN_POLICY, name, given as ExceptionFields, START);
}

/** Who has to approve what was submitted. */
function submitted(fields: ExceptionFields): string[] {
  const drafted = new Story(START, BUILT_IN_POLICY, []).with({ type: 'DraftException', fields });
  const { state } = drafted.submitted();
  expect(state.status).toBe('Under-Review');
  return (state.request?.requirements ?? []).map(({ role, consumer }) =>
    [role, consumer].filter(Boolean).join(' '),
  );
}

describe('every template that comes with Lapse', () => {
  test('is here', () => {
    expect(BUILT_IN_TEMPLATES.map(({ name }) => name)).toEqual(TEMPLATES.map(([name]) => name));
  });

  it.each(TEMPLATES)('%s lasts %i of at most %i days and is approved by %j', (...row) => {
    const [name, days, most, approvers] = row;
    const fields = answered(name);
    const assessed = assessRequest(BUILT_IN_POLICY, fields, FIRST_OF_CHAIN, START);
    expect(assessed).toMatchObject({
      missing: [],
      refusals: [],
      wide: [],
      expires_at: START + days * DAY,
      latest_end: START + most * DAY,
    });
    expect(submitted(fields).sort()).toEqual(approvers);
  });

  it.each(TEMPLATES)('%s asks what happens at the end, and why that is fine', (name) => {
    expect(templateOf(name).asks.expiry_actions).toMatch(/why .*\?$/);
    const { expiry_actions: _, ...unanswered } = answered(name);
    expect(assessRequest(BUILT_IN_POLICY, unanswered, FIRST_OF_CHAIN, START).missing).toEqual([
      expect.objectContaining({ path: 'expiry_actions' }),
    ]);
  });
});

test('a quick start has its end condition, and its step a date (000 sections 6.1 and 6.2)', () => {
  expect(answered('model-watermarking').end_condition).toMatch(/watermarking/i);
  expect(answered('cross-region-triage').remediation_plan?.steps).toEqual([
    { text: 'Delete the copy', due: formatInstant(START + 14 * DAY) },
  ]);
});

describe('a template of the pack in force', () => {
  const given = { title: 'Open port 8443' };

  it('gives way to what the request says, and its duration to an end', () => {
    const expires_at = formatInstant(START + 2 * DAY);
    const stride = 'T' as const;
    const fields = fieldsByTemplate(
      BUILT_IN_POLICY,
      'firewall',
      { ...given, stride, expires_at },
      START,
    );
    expect(fields).toMatchObject({ ...given, stride, expires_at, control: 'firewall' });
    expect(fields).not.toHaveProperty('requested_duration');
  });

  it('comes with Lapse where the pack says nothing of any, and is none where it has none', () => {
    const { templates: _, ...silent } = BUILT_IN_POLICY;
    expect(fieldsByTemplate(silent, 'firewall', given, START).control).toBe('firewall');
    const short = { id: 'short', source: 'a test', match: {}, effects: { maximum: 'P5D' } };
    const strict = { ...silent, rules: [...silent.rules, short] };
    const proposed = fieldsByTemplate(strict, 'firewall', given, START);
    expect(proposed.requested_duration).toBe('P5D');
    const none = { ...silent, templates: [] };
    expect(() => fieldsByTemplate(none, 'firewall', given, START)).toThrow('it has none');
    expect(() => fieldsByTemplate(BUILT_IN_POLICY, 'fire', given, START)).toThrow(
      "none of the pack's templates: model-watermarking, cross-region-triage",
    );
  });
});
