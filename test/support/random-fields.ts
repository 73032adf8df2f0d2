import fc from 'fast-check';
import {
  CATEGORIES,
  CLASSIFICATIONS,
  ENVIRONMENTS,
  IMPACTS,
  LIKELIHOODS,
} from '../../src/domain/exception/fields.ts';

/** What breaks tables: quotes, delimiters, line ends, the beginnings of formulas, other scripts. */
const unit = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...`"',;|\t\r\n=+-@[]{}<>&#*_\`\\ :~$%!?/`.split('')) },
  {
    weight: 3,
    arbitrary: fc.constantFrom('a', 'b', 'Z', '7', 'true', 'null', 'é', 'ß', '漢', '🙂', 'ع'),
  },
  { weight: 1, arbitrary: fc.constantFrom('\uFEFF', '\u200e', '\u0085', '\u2028', '＝', '\r\n') },
);

const text = fc
  .string({ unit, minLength: 1, maxLength: 40 })
  .map((one) => one.trim())
  .filter((one) => one !== '' && one.length <= 300);
const link = fc.webUrl({ withFragments: true }).filter((one) => one.length < 300);
const texts = fc.array(text, { minLength: 1, maxLength: 4 });
const person = fc.record(
  {
    name: text,
    email: fc.constantFrom('a@example.com', "o'neil+x@example.org"),
    team: text,
  },
  { requiredKeys: ['name'] },
);
const names = fc.record(
  { dashboards: texts, alerts: texts, metrics: texts, traces: texts },
  { requiredKeys: [] },
);

/** The fields of a draft with texts of every kind, without an end that the day could refuse. */
export const randomFields = fc.record(
  {
    title: text,
    category: fc.constantFrom(...CATEGORIES),
    policy_ref: fc.array(link, { minLength: 1, maxLength: 3 }),
    adr_id: text,
    requestor: person,
    environment: fc.constantFrom(...ENVIRONMENTS),
    data_classification: fc.constantFrom(...CLASSIFICATIONS),
    threat_model_link: link,
    stride: fc.constantFrom('S', 'T', 'R'),
    likelihood: fc.constantFrom(...LIKELIHOODS),
    impact: fc.constantFrom(...IMPACTS),
    compensating_controls: texts,
    telemetry: names,
    remediation_plan: fc.oneof(
      fc.record({ summary: text }),
      fc.record({
        summary: text,
        steps: fc.array(fc.record({ text, owner: text }), { minLength: 1, maxLength: 2 }),
        closure_criteria: fc.tuple(fc.record({ id: fc.constant('c1'), text })),
      }),
    ),
    dependencies: texts,
    versioning_impact: text,
    evidence: texts,
    grants: fc.array(
      fc.record({
        kind: text,
        target: text,
        parameters: fc.dictionary(fc.constantFrom('a', 'b c'), text),
      }),
      { minLength: 1, maxLength: 2 },
    ),
    ticket_id: text,
    justification: text,
    expiry_actions: text,
    requested_duration: fc.constantFrom('P30D', 'P2W'),
    end_condition: text,
    owners: fc.array(person, { minLength: 1, maxLength: 3 }),
    services: texts,
    apis: texts,
    consumers: texts,
    change_class: fc.constantFrom('minor', 'security'),
    scope: fc.record({ tenants: texts, resources: texts }, { requiredKeys: [] }),
    artifacts: fc.array(fc.record({ kind: fc.constant('memo'), link }), { maxLength: 2 }),
    external_ids: texts,
  },
  { requiredKeys: ['title'] },
);
