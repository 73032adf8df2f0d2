import { describe, expect, it } from 'vitest';
import { BUILT_IN_POLICY } from './built-in-policy.ts';
import { type Effect, explainPolicy } from './explain-policy.ts';
import type { Policy } from './policy.ts';

function askings(policy: Policy, fields: object, effect: Effect) {
  const { effects } = explainPolicy(policy, { title: 'x', ...fields });
  return effects
    .find((each) => each.effect === effect)
    ?.askings.map(({ rule, asks, wins }) => [rule, asks, wins]);
}

describe('an explanation', () => {
  it('names every rule that matches, and what the others would need', () => {
    const { matched, unmatched, facts } = explainPolicy(BUILT_IN_POLICY, {
      title: 'x',
      control: 'firewall',
      data_classification: 'restricted',
    });
    expect(facts).toMatchObject({ control: 'firewall', renewal: 0, breadth: 'narrow', names: [] });
    expect(matched.map(({ id }) => id)).toEqual([
      'default-maximum',
      'maximum-firewall',
      'reminders',
      'review',
      'extension',
      'monitoring',
    ]);
    const unmet = (id: string) => unmatched.find((rule) => rule.id === id)?.unmet;
    expect(unmet('data-across-regions')).toEqual(['regions']);
    expect(unmet('high-severity')).toEqual(['severity']);
    expect(unmet('permanent')).toEqual(['kind']);
    expect(matched.length + unmatched.length).toBe(BUILT_IN_POLICY.rules.length);
  });

  it('says which rule won for each effect', () => {
    const fields = { control: 'firewall', likelihood: 'High', impact: 'High' };
    expect(askings(BUILT_IN_POLICY, fields, 'maximum')).toEqual([
      ['default-maximum', 'P90D', false],
      ['maximum-firewall', 'P14D', true],
    ]);
    expect(askings(BUILT_IN_POLICY, fields, 'extension')).toEqual([
      ['default-maximum', 'P90D', true],
    ]);
    expect(askings(BUILT_IN_POLICY, fields, 'gates')).toBeUndefined();
    const rule = {
      id: 'more',
      source: 'a test',
      match: {},
      effects: {
        approvals: [{ role: 'ciso' as const, count: 2 }],
        reminders: ['P1D'],
        default: 'P7D',
        gates: { close: ['ciso' as const] },
      },
    };
    const more = { ...BUILT_IN_POLICY, rules: [...BUILT_IN_POLICY.rules, rule] };
    expect(askings(more, fields, 'approvals')?.map(([id, , wins]) => [id, wins])).toEqual([
      ['review', true],
      ['high-severity', false],
      ['more', true],
    ]);
    expect(askings(more, fields, 'reminders')?.map(([, , wins]) => wins)).toEqual([true, true]);
    expect(askings(more, fields, 'default')).toEqual([['more', 'P7D', true]]);
    expect(askings(more, fields, 'gates')).toEqual([['more', { close: ['ciso'] }, true]]);
  });
});
