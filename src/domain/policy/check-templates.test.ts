import { describe, expect, it } from 'vitest';
import { BUILT_IN_POLICY } from './built-in-policy.ts';
import { readPack } from './read-pack.ts';

const PORT = {
  name: 'port',
  summary: 'A port for a week',
  fields: { control: 'firewall', requested_duration: 'P7D' },
};

function findings(...templates: unknown[]): string[] {
  const reading = readPack({ ...BUILT_IN_POLICY, templates });
  if (!('findings' in reading)) return [];
  return reading.findings.map(
    ({ check, rule, path, message }) => `${check} [${rule}] ${path.join('.')}: ${message}`,
  );
}

function withFields(fields: object, asks: object = {}) {
  return { ...PORT, fields: { ...PORT.fields, ...fields }, asks };
}

describe("a pack's templates", () => {
  it('may be its own, none, or left out', () => {
    expect(findings(PORT)).toEqual([]);
    expect(findings()).toEqual([]);
    const { templates: _, ...silent } = BUILT_IN_POLICY;
    expect(readPack(silent)).toEqual({ policy: silent });
  });

  it.each<[string, unknown, string]>([
    [
      'an unknown field',
      withFields({ controll: 'firewall' }),
      'pack-shape [port] templates.0.fields.controll: unknown key; did you mean control?',
    ],
    [
      'an unknown field inside a field',
      withFields({ scope: { region: ['eu'] } }),
      'pack-shape [port] templates.0.fields.scope.region: unknown key; did you mean regions?',
    ],
    [
      'an unknown control',
      withFields({ control: 'fire-wall' }),
      'pack-shape [port] templates.0.fields.control: must be one of azure-policy-prod, ',
    ],
    [
      'a value out of range',
      withFields({ impact: 'Enormous' }),
      'pack-shape [port] templates.0.fields.impact: must be one of Low, Medium, High, Critical',
    ],
    [
      'a duration of nothing',
      withFields({ requested_duration: 'P0D' }),
      'pack-shape [port] templates.0.fields.requested_duration: must be an ISO 8601 duration',
    ],
    [
      'no duration',
      { ...PORT, fields: { control: 'firewall' } },
      'pack-shape [port] templates.0.fields.requested_duration: is required',
    ],
    [
      'a step on a day of its own',
      withFields({ remediation_plan: { steps: [{ text: 'Shut it', due: '2026-03-07' }] } }),
      'pack-shape [port] templates.0.fields.remediation_plan.steps.0.due: must be an ISO 8601 duration',
    ],
    [
      'an end on a day of its own',
      withFields({ expires_at: '2026-03-07T00:00:00Z' }),
      'pack-shape [port] templates.0.fields.expires_at: cannot be proposed, since a template has no dates',
    ],
    [
      'the answer to what happens at the end',
      withFields({ expiry_actions: 'Nothing' }),
      'pack-shape [port] templates.0.fields.expiry_actions: cannot be proposed: each request says',
    ],
    [
      'a question for a field that nobody knows',
      withFields({}, { expiry_action: 'What then?' }),
      'pack-shape [port] templates.0.asks.expiry_action: unknown key; did you mean expiry_actions?',
    ],
    [
      'a name that nobody could type',
      { ...PORT, name: 'A Port' },
      'pack-shape [A Port] templates.0.name: must be lower-case letters',
    ],
    [
      'a duration beyond the maximum of its control',
      withFields({ requested_duration: 'P15D' }),
      'pack-contradiction [port] templates.0.fields.requested_duration: is P15D, longer than the maximum of P14D that rule maximum-firewall sets',
    ],
    [
      'a duration beyond the maximum of all requests',
      withFields({ control: undefined, requested_duration: 'P91D' }),
      'pack-contradiction [port] templates.0.fields.requested_duration: is P91D, longer than the maximum of P90D that rule default-maximum sets',
    ],
    [
      'a question whose answer is proposed',
      withFields({ remediation_plan: { summary: 'Shut it' } }, { 'remediation_plan.summary': '?' }),
      'pack-contradiction [port] templates.0.asks.remediation_plan.summary: asks for remediation_plan.summary, which the template proposes already',
    ],
  ])('with %s are refused', (_, template, expected) => {
    expect(findings(template)).toEqual([expect.stringContaining(expected)]);
  });

  it('with one name twice are refused', () => {
    expect(findings(PORT, { ...PORT, summary: 'Another' })).toEqual([
      'pack-duplicate [port] templates.1.name: is the name of template 1 already; give each template a name of its own',
    ]);
  });
});
