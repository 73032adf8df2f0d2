import { describe, expect, it } from 'vitest';
import { BUILT_IN_POLICY } from './built-in-policy.ts';
import type { PackFinding } from './check-policy.ts';
import { evaluatePolicy } from './evaluate.ts';
import { readPack } from './read-pack.ts';

type Rule = Record<string, unknown>;

const BASE: Rule = {
  id: 'base',
  source: 'a test',
  effects: {
    maximum: 'P90D',
    extension: 'P30D',
    total: 'P120D',
    approvals: [{ role: 'security' }],
  },
};

function rule(id: string, match: object, effects: object): Rule {
  return { id, source: 'a test', match, effects };
}

function pack(...rules: Rule[]) {
  return { id: 'acme', undecided_after: 'P30D', archive_after: 'P30D', rules };
}

function findings(value: unknown): readonly PackFinding[] {
  const reading = readPack(value);
  return 'findings' in reading ? reading.findings : [];
}

/** A pack with other values beside its rules. */
function packBeside(values: object) {
  return { ...pack(BASE), ...values };
}

const FIREWALL = { control: ['firewall'] };

describe('a pack', () => {
  it('that comes with Lapse is right, and reads back as it is', () => {
    expect(readPack(BUILT_IN_POLICY)).toEqual({ policy: BUILT_IN_POLICY });
    expect(readPack(pack(BASE))).toHaveProperty('policy');
  });

  it('may ask for less where more is asked for already: the strictest wins', () => {
    const lax = rule('lax', FIREWALL, { maximum: 'P60D', total: 'P200D', default: 'P30D' });
    expect(findings(pack(BASE, lax))).toEqual([]);
  });

  it.each<[string, string, string, Rule[], string, string]>([
    [
      'two rules with one id',
      'pack-duplicate',
      'base',
      [BASE, rule('base', FIREWALL, { maximum: 'P7D' })],
      'rules.1.id',
      'is the id of rule 1 already',
    ],
    [
      'a rule for permanent exceptions before they can be',
      'pack-never',
      'early',
      [BASE, rule('early', { kind: ['permanent'], renewal: { to: 2 } }, { artifacts: ['memo'] })],
      'rules.1.match.renewal',
      '"to" of 3 or more would pass',
    ],
    [
      'a rule that asks for nothing',
      'pack-never',
      'idle',
      [BASE, rule('idle', FIREWALL, { artifacts: [] })],
      'rules.1.effects',
      'name at least one effect',
    ],
    [
      'the first approver of a first request',
      'pack-never',
      'first',
      [BASE, rule('first', { renewal: { to: 0 } }, { approvals: [{ role: 'first-approver' }] })],
      'rules.1.effects.approvals',
      'a renewal from 1 on would pass',
    ],
    [
      'a fallback for anybody but the first approver',
      'pack-shape',
      'back',
      [BASE, rule('back', FIREWALL, { approvals: [{ role: 'dpo', fallback: 'ciso' }] })],
      'rules.1.effects.approvals.0.fallback',
      'goes with the role first-approver alone',
    ],
    [
      'a total below the maximum',
      'pack-contradiction',
      'short',
      [BASE, rule('short', FIREWALL, { total: 'P60D' })],
      'rules.1.effects.total',
      'is P60D, shorter than the maximum of P90D that rule base sets for a record with control firewall; a total of at least P90D would pass, or a maximum of at most P60D',
    ],
    [
      'a total below a maximum that two rules set together',
      'pack-contradiction',
      'short',
      [
        BASE,
        rule('short', { environment: ['prod'] }, { total: 'P60D' }),
        rule('prod', { environment: ['prod'], control: ['firewall'] }, { maximum: 'P14D' }),
      ],
      'rules.1.effects.total',
      'a record with environment prod',
    ],
    [
      'a default above the maximum wherever it is used',
      'pack-contradiction',
      'usual',
      [
        BASE,
        rule('usual', FIREWALL, { default: 'P30D' }),
        rule('narrow', FIREWALL, { maximum: 'P14D' }),
      ],
      'rules.1.effects.default',
      'is P30D, longer than the maximum of P14D wherever the rule matches (rule narrow); at most P14D would pass',
    ],
    [
      'gates without a role in common',
      'pack-contradiction',
      'prod-gate',
      [
        BASE,
        rule('gate', FIREWALL, { gates: { activate: ['security'] } }),
        rule('prod-gate', { environment: ['prod'] }, { gates: { activate: ['ciso'] } }),
      ],
      'rules.2.effects.gates.activate',
      'lets nobody activate a record with control firewall, environment prod: rules gate, prod-gate have no role in common',
    ],
    [
      'no maximum for some record',
      'pack-uncovered',
      '',
      [
        rule('prod', { environment: ['prod'] }, { maximum: 'P9D' }),
        rule('rest', {}, { extension: 'P1D', total: 'P99D', approvals: [{ role: 'ciso' }] }),
      ],
      'rules',
      'set no maximum for a record to which no condition applies',
    ],
    [
      'nobody who approves some record',
      'pack-uncovered',
      '',
      [
        { ...BASE, effects: { maximum: 'P9D', extension: 'P9D', total: 'P9D' } },
        rule('prod', { environment: ['prod'] }, { approvals: [{ role: 'ciso' }] }),
        rule('rest', {}, { approvals: [{ role: 'consumer' }] }),
      ],
      'rules',
      'ask nobody to approve',
    ],
    [
      'an environment that is empty',
      'pack-shape',
      'empty',
      [BASE, rule('empty', { ...FIREWALL, environment: [] }, { maximum: 'P1D' })],
      'rules.1.match.environment',
      'leave it out to match all',
    ],
    [
      'renewals that end before they begin',
      'pack-shape',
      'turned',
      [BASE, rule('turned', { renewal: { from: 3, to: 2 } }, { maximum: 'P1D' })],
      'rules.1.match.renewal.from',
      'can never match',
    ],
    [
      'a limit of nothing',
      'pack-shape',
      'none',
      [BASE, rule('none', {}, { maximum: 'P0D' })],
      'rules.1.effects.maximum',
      'must be an ISO 8601 duration such as P30D',
    ],
    [
      'a limit of ten years',
      'pack-shape',
      'decade',
      [BASE, rule('decade', {}, { maximum: 'P10Y' })],
      'rules.1.effects.maximum',
      'must be at most a year (P366D)',
    ],
    [
      'a role that approves and is not known',
      'pack-shape',
      'who',
      [BASE, rule('who', {}, { approvals: [{ role: 'cfo' }] })],
      'rules.1.effects.approvals.0.role',
      'must be one of domain-owner, api-owner, security',
    ],
    [
      'a gate for a role that is not known',
      'pack-shape',
      'gate',
      [BASE, rule('gate', {}, { gates: { close: ['cfo'] } })],
      'rules.1.effects.gates.close.0',
      'must be one of administrator, requestor, approver',
    ],
    [
      'an effect that is misspelt',
      'pack-shape',
      'typo',
      [BASE, rule('typo', {}, { maximun: 'P1D' })],
      'rules.1.effects.maximun',
      'did you mean maximum?',
    ],
  ])('with %s is refused (%s)', (_, check, id, rules, path, message) => {
    const [found, ...more] = findings(pack(...rules));
    expect(more).toEqual([]);
    expect({ ...found, path: found?.path.join('.') }).toMatchObject({ check, rule: id, path });
    expect(found?.message).toContain(message);
  });

  it('names everything that is wrong at once', () => {
    const broken = pack(rule('a', {}, {}), rule('a', FIREWALL, { total: 'P1D', maximum: 'P2D' }));
    expect(findings(broken).map(({ check }) => check)).toEqual([
      'pack-duplicate',
      'pack-never',
      'pack-uncovered',
      'pack-uncovered',
      'pack-uncovered',
      'pack-contradiction',
      'pack-uncovered',
    ]);
  });

  it('that tells apart more than can be checked is refused, not looked at for ever', () => {
    const conditions: object[] = [
      { category: ['authz'] },
      { control: ['firewall'], environment: ['prod'], data_classification: ['public'] },
      ...Array.from({ length: 40 }, (_, index) => ({ renewal: { from: index * 7 } })),
      ...['authz', 'network', 'data', 'ai', 'release', 'vendor'].map((one) => ({
        category: [one],
      })),
      ...['dev', 'staging'].map((one) => ({ environment: [one] })),
      ...['rbac-tier-0', 'rbac-tier-1', 'defender'].map((one) => ({ control: [one] })),
      ...['apis', 'models', 'consumers'].map((one) => ({ names: [one] })),
      { regions: 'several', breadth: ['wide'], severity: ['High'], change_class: ['major'] },
    ];
    const rules = conditions.map((match, index) => rule(`r${index}`, match, { maximum: 'P9D' }));
    const messages = findings(pack(BASE, ...rules)).map(({ message }) => message);
    expect(messages).toEqual([expect.stringContaining('more kinds of records')]);
  });

  it.each([undefined, null, 7, 'x', [], {}])('is no %j', (value) => {
    expect(findings(value).length).toBeGreaterThan(0);
  });
});

describe('permanence', () => {
  const early = rule('early', { kind: ['permanent'], renewal: { to: 2 } }, { artifacts: ['memo'] });
  const permanentAfter = (permanent_after: number) => ({
    ...pack(BASE, early),
    chains: { ...BUILT_IN_POLICY.chains, permanent_after },
  });

  it('begins where the pack says, and not where the built-in one does', () => {
    expect(findings(permanentAfter(2))).toEqual([]);
    expect(findings(permanentAfter(3))).toMatchObject([
      { check: 'pack-never', rule: 'early', message: expect.stringContaining('at least 3') },
    ]);
    expect(findings(permanentAfter(5))[0]?.message).toContain('"to" of 5 or more would pass');
  });

  it('has one source of its end: limits of permanent exceptions alone are refused', () => {
    const limited = rule('yearly', { kind: ['permanent'] }, { maximum: 'P1Y', total: 'P1Y' });
    expect(findings(pack(BASE, limited))).toMatchObject([
      { check: 'pack-never', path: ['rules', 1, 'effects', 'maximum'] },
      { check: 'pack-never', path: ['rules', 1, 'effects', 'total'] },
    ]);
    const chains = { ...BUILT_IN_POLICY.chains, review_every: 'P6M' };
    const place = { renewal_number: 3, kind: 'permanent' } as const;
    const decided = evaluatePolicy({ ...BUILT_IN_POLICY, chains }, { title: 'x' }, place);
    expect(decided.maximum).toMatchObject({ duration: 'P6M', rule: 'chains' });
  });
});

describe('retention and reconciliation', () => {
  it.each([
    [{ retention: { keep: 'P1M' } }, 'retention.keep', 'at least a year'],
    [{ retention: { keep: 'P101Y' } }, 'retention.keep', 'at most a hundred years'],
    [{ retention: { years: 7 } }, 'retention.keep', 'required'],
    [{ reconciliation: { every: 'weekly' } }, 'reconciliation.every', 'ISO 8601'],
    [{ reconciliation: { every: 'P2Y' } }, 'reconciliation.every', 'a year'],
  ])('refuse %j', (beside, path, says) => {
    const found = findings(packBeside(beside)).map((each) => [each.path.join('.'), each.message]);
    expect(found).toContainEqual([path, expect.stringContaining(says)]);
  });
});

describe('reasons and escalation', () => {
  it('may be left out, and have the values of the built-in pack then', () => {
    const { reasons, escalation } = BUILT_IN_POLICY;
    expect(readPack(pack(BASE))).toMatchObject({ policy: { reasons, escalation } });
  });

  it('take one role or several, no time for never, and no characters for any reason', () => {
    const beside = { escalation: { after: null, to: 'ciso' }, reasons: { min_characters: 0 } };
    expect(readPack(packBeside(beside))).toMatchObject({
      policy: { escalation: { after: null, to: ['ciso'] } },
    });
  });

  it.each([
    [{ reasons: { min_characters: -1 } }, 'reasons.min_characters', '0'],
    [{ reasons: { min_characters: 501 } }, 'reasons.min_characters', '500'],
    [{ reasons: { min_characters: '20' } }, 'reasons.min_characters', 'number'],
    [{ reasons: { minimum: 20 } }, 'reasons.min_characters', 'required'],
    [{ escalation: { after: 'PT59M', to: ['ciso'] } }, 'escalation.after', 'an hour'],
    [{ escalation: { after: 'P2Y', to: ['ciso'] } }, 'escalation.after', 'a year'],
    [{ escalation: { after: 'soon', to: ['ciso'] } }, 'escalation.after', 'ISO 8601'],
    [{ escalation: { after: 'P30D', to: ['ciso'] } }, 'escalation.after', 'lapses after P30D'],
    [{ escalation: { after: 'P3D', to: [] } }, 'escalation.to', 'name a role'],
    [{ escalation: { after: 'P3D', to: ['king'] } }, 'escalation.to', 'ciso'],
    [{ escalation: { after: 'P3D', to: 'consumer' } }, 'escalation.to', 'ciso'],
    [{ escalation: { after: 'P3D', to: ['requestor'] } }, 'escalation.to', 'ciso'],
  ])('refuses %j', (beside, path, says) => {
    const found = findings(packBeside(beside));
    expect(
      found.map((each) => [each.path.join('.').slice(0, path.length), each.message]),
    ).toContainEqual([path, expect.stringContaining(says)]);
  });
});
