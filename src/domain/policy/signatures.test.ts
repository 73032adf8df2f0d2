import { describe, expect, it } from 'vitest';
import { askingFor, COMPLETE } from '../../../test/support/given.ts';
import { requirementText } from './approval-progress.ts';
import { evaluatePolicy } from './evaluate.ts';
import { explainPolicy } from './explain-policy.ts';
import type { Policy, PolicyRule } from './policy.ts';
import { readPack } from './read-pack.ts';

type Signatures = NonNullable<PolicyRule['effects']['signatures']>;

const asking = (...rules: [string, PolicyRule['match'], Signatures][]): Policy => {
  const pack = askingFor([{ role: 'ciso' }, { role: 'security' }]);
  const kept = pack.rules.filter(({ effects }) => Object.keys(effects).length > 0);
  const added = rules.map(([id, match, signatures]) => ({
    ...{ id, source: 'a test', match, effects: { signatures } },
  }));
  return { ...pack, rules: [...kept, ...added] };
};
const signed = (policy: Policy) =>
  evaluatePolicy(policy, COMPLETE).requirements.map(({ role, signature }) => [role, signature]);

describe('the signatures that rules ask for', () => {
  it('are none where no rule does, as in packs of before', () => {
    expect(signed(asking())).toEqual([
      ['ciso', undefined],
      ['security', undefined],
    ]);
  });

  it('are those of every rule that matches, the first of them named', () => {
    const policy = asking(
      ['one', {}, ['ciso']],
      ['two', { environment: ['prod'] }, ['ciso', 'security']],
      ['three', { environment: ['dev'] }, ['security']],
    );
    expect(signed(policy)).toEqual([
      ['ciso', 'one'],
      ['security', 'two'],
    ]);
  });

  it('hold of an extension too', () => {
    const { extension_requirements } = evaluatePolicy(asking(['one', {}, ['ciso']]), COMPLETE);
    expect(extension_requirements).toContainEqual(
      expect.objectContaining({ role: 'ciso', signature: 'one' }),
    );
  });

  it('are explained, and named in words', () => {
    const policy = asking(['one', {}, ['ciso']], ['two', {}, ['ciso']]);
    const { effects, decision } = explainPolicy(policy, COMPLETE);
    const { askings } = effects.find(({ effect }) => effect === 'signatures') ?? {};
    expect(askings?.map(({ rule, wins }) => [rule, wins])).toEqual([
      ['one', true],
      ['two', false],
    ]);
    expect(decision.requirements.map(requirementText)).toEqual([
      'ciso (signed with a passkey)',
      'security',
    ]);
  });

  it('are of roles that there are, and of some', () => {
    expect(readPack(asking(['one', {}, ['ciso']]))).toHaveProperty('policy');
    const findings = (signatures: unknown) =>
      readPack(asking(['one', {}, signatures as Signatures]));
    expect(findings(['admin'])).toMatchObject({ findings: [{ check: 'pack-shape', rule: 'one' }] });
    expect(findings([])).toMatchObject({ findings: [{ check: 'pack-never', rule: 'one' }] });
  });
});
