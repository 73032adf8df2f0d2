import { describe, expect, it } from 'vitest';
import { inChain, PERMANENCE, permanent, START } from '../../../test/support/given.ts';
import { DomainError } from '../errors.ts';
import type { ExceptionFields } from '../exception/fields.ts';
import { DAY } from '../schedule/instant.ts';
import { BUILT_IN_POLICY } from './built-in-policy.ts';
import { evaluatePolicy, type PolicyDecision } from './evaluate.ts';
import type { ChainPlace, Requirement } from './policy.ts';

// Every figure of both documents that a pack holds. The maxima by control stand in
// built-in-policy.test.ts, with the ends that follow from them.

type Figure = readonly [
  document: string,
  says: string,
  of: { readonly fields?: Partial<ExceptionFields>; readonly place?: Partial<ChainPlace> },
  holds: (decision: PolicyDecision) => unknown,
  expected: unknown,
];

const FIRST = [
  { id: 'okoye', name: 'L. Okoye', role: 'security' },
  { id: 'chen', name: 'J. Chen', role: 'domain-owner' },
];

const roles = ({ requirements }: PolicyDecision) => requirements.map(roleOf).sort();
const roleOf = ({ role, consumer, person }: Requirement) =>
  [role, consumer ?? person?.id].filter(Boolean).join(' ');
const names = (demands: readonly { name: string }[]) => demands.map(({ name }) => name);
const REVIEW = ['domain-owner', 'security'];
const SAME = ['domain-owner chen', 'security okoye'];

const FIGURES: readonly Figure[] = [
  ['000 section 4, Duration', 'at most 90 days', {}, ({ maximum }) => maximum.duration, 'P90D'],
  [
    '000 section 4, Duration',
    'one extension of at most 90 days',
    {},
    ({ extension, total }) => [extension.duration, total.duration],
    ['P90D', 'P180D'],
  ],
  [
    '000 section 4, Duration',
    'an extension takes the CISO',
    {},
    ({ extension_requirements }) => extension_requirements.map(roleOf).sort(),
    ['ciso', ...REVIEW],
  ],
  ['000 section 2, Required steps 2', 'security and the domain review', {}, roles, REVIEW],
  [
    '000 section 2, Required steps 3: minor',
    'nobody besides',
    { fields: { change_class: 'minor' } },
    roles,
    REVIEW,
  ],
  [
    '000 section 2, Required steps 3: major',
    'the platform lead',
    { fields: { change_class: 'major' } },
    roles,
    ['domain-owner', 'platform-lead', 'security'],
  ],
  [
    '000 section 1, point 2: security',
    'the CISO',
    { fields: { change_class: 'security' } },
    roles,
    ['ciso', ...REVIEW],
  ],
  [
    '000 section 1, point 2: breaking change',
    'sign-off by each consumer, who has to be named',
    { fields: { change_class: 'breaking', consumers: ['shop', 'billing'] } },
    (decision) => [roles(decision), names(decision.fields)],
    [['consumer billing', 'consumer shop', ...REVIEW], ['consumers']],
  ],
  [
    '000 section 1, point 3',
    'High severity goes to the CISO',
    { fields: { likelihood: 'High', impact: 'Medium' } },
    roles,
    ['ciso', ...REVIEW],
  ],
  [
    '000 section 1, point 5',
    'versioning impact where APIs are named',
    { fields: { apis: ['orders'] } },
    ({ fields }) => names(fields),
    ['versioning_impact'],
  ],
  [
    '000 section 1, point 5',
    'versioning impact where models are named',
    { fields: { models: ['fraud'] } },
    ({ fields }) => names(fields),
    ['versioning_impact'],
  ],
  [
    '000 section 3.2, approvals',
    'the owner of an API',
    { fields: { apis: ['orders'] } },
    roles,
    ['api-owner', ...REVIEW],
  ],
  [
    '000 section 4, Scope minimization',
    'a wide scope says why, to the CISO',
    { fields: { scope: { endpoints: ['*'] } } },
    (decision) => [roles(decision), names(decision.fields)],
    [['ciso', ...REVIEW], ['scope_justification']],
  ],
  [
    '000 section 4, Monitoring',
    'latency, error rate, availability, request rate, trace keys',
    {},
    ({ monitoring }) => names(monitoring),
    ['latency', 'error-rate', 'availability', 'request-rate', 'trace-keys'],
  ],
  [
    '000 section 4, Monitoring',
    'token usage of models',
    { fields: { models: ['fraud'] } },
    ({ monitoring }) => names(monitoring).at(-1),
    'token-usage',
  ],
  [
    '000 section 2, Required steps 5; 002, Exception Expiry Notifications',
    '30, 7 and 1 days before the end',
    {},
    ({ reminders }) => reminders,
    ['P30D', 'P7D', 'P1D'],
  ],
  [
    '000 section 6.2',
    'the DPO for data across regions',
    { fields: { data_classification: 'restricted', scope: { regions: ['eu', 'us'] } } },
    roles,
    ['domain-owner', 'dpo', 'security'],
  ],
  [
    '000 section 6.2',
    'nobody besides within one region',
    { fields: { data_classification: 'restricted', scope: { regions: ['eu'] } } },
    roles,
    REVIEW,
  ],
  [
    '000 section 6.3',
    'monthly reminders where there are consumers',
    { fields: { consumers: ['shop'] } },
    ({ recurring_reminder }) => recurring_reminder?.duration,
    'P1M',
  ],
  [
    '002, Renewal Limits: First',
    'the same approvers, and a justification',
    { place: { renewal_number: 1 } },
    (decision) => [roles(decision), names(decision.fields), names(decision.artifacts)],
    [SAME, ['justification'], []],
  ],
  [
    '002, Renewal Limits: Second',
    'the platform lead besides, and a migration plan',
    { place: { renewal_number: 2 } },
    (decision) => [roles(decision), names(decision.artifacts)],
    [['domain-owner chen', 'platform-lead', 'security okoye'], ['migration-plan']],
  ],
  [
    '002, Renewal Limits: Third; Time-Boxed Exceptions Summary',
    'security, executive sponsor and leadership, and a business case',
    { place: { renewal_number: 3 } },
    (decision) => [
      roles(decision).filter((role) => role.startsWith('executive')),
      roles(decision).includes('security'),
      names(decision.artifacts).includes('business-case'),
    ],
    [['executive-leadership', 'executive-sponsor'], true, true],
  ],
  [
    '002, Renewal Limits: Fourth+',
    'executive leadership, risk committee, and a memo',
    { place: { renewal_number: 4 } },
    (decision) => [
      roles(decision).includes('executive-leadership'),
      roles(decision).includes('risk-committee'),
      names(decision.artifacts).includes('memo'),
    ],
    [true, true, true],
  ],
  [
    '002, Renewal Limits: Fourth+',
    'the same of every later one',
    { place: { renewal_number: 12 } },
    (decision) => [
      roles(decision).includes('risk-committee'),
      names(decision.artifacts).includes('memo'),
    ],
    [true, true],
  ],
  [
    '002, Permanent Exceptions (Rare): steps 2 and 3',
    'CISO and executive sponsor, a business case and a memo',
    { place: { renewal_number: 3, kind: 'permanent' } },
    (decision) => [
      ['ciso', 'executive-sponsor'].every((role) => roles(decision).includes(role)),
      ['business-case', 'memo'].every((kind) => names(decision.artifacts).includes(kind)),
    ],
    [true, true],
  ],
];

describe('the built-in pack holds what the documents say', () => {
  it.each(FIGURES)('%s: %s', (_, __, { fields, place }, holds, expected) => {
    const at = { renewal_number: 0, kind: 'time-boxed', first_approvers: FIRST, ...place } as const;
    expect(holds(evaluatePolicy(BUILT_IN_POLICY, { title: 'x', ...fields }, at))).toEqual(expected);
  });
});

/** Figures of packs as a whole; some have their effect in one record's time. */
const OF_THE_PACK: readonly (readonly [string, string, () => unknown, unknown])[] = [
  ['000 section 4, Audit', 'kept for 7 years', () => BUILT_IN_POLICY.retention.keep, 'P7Y'],
  [
    '002, Automation Fails to Remove Exception',
    'reconciled weekly',
    () => BUILT_IN_POLICY.reconciliation.every,
    'P7D',
  ],
  [
    '002, Exception Renewed Indefinitely',
    'more than 3 renewals are audited monthly, for executive leadership to decide',
    () => [3, 4].map((number) => activated(number).after(31 * DAY).state.decision?.due),
    [undefined, START + 31 * DAY],
  ],
  [
    '002, Permanent Exceptions (Rare): step 1',
    'only after 3 renewals',
    () => [2, 3].map((number) => isPassed(activated(number).decides(PERMANENCE))),
    [false, true],
  ],
  [
    '002, Permanent Exceptions (Rare): step 5; Audit Requirement',
    'reviewed annually',
    () => permanent().state.expires_at,
    START + 365 * DAY,
  ],
];

const activated = (number: number) => inChain(number).submitted().approved().after(1).confirmed();
const isPassed = (decision: unknown) => !(decision instanceof DomainError);

describe('the built-in pack as a whole holds what the documents say', () => {
  it.each(OF_THE_PACK)('%s: %s', (_, __, figure, expected) => {
    expect(figure()).toEqual(expected);
  });
});
