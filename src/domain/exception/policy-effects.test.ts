import { describe, expect, it } from 'vitest';
import { askingFor, given, inStatus, START, type Story } from '../../../test/support/given.ts';
import { BUILT_IN_POLICY } from '../policy/built-in-policy.ts';
import type { Policy, PolicyRule } from '../policy/policy.ts';
import { DAY } from '../schedule/instant.ts';
import { policyEffects } from './policy-effects.ts';

function packWith(effects: PolicyRule['effects'], match: PolicyRule['match'] = {}): Policy {
  const rule = { id: 'more', source: 'a test', match, effects };
  return { ...BUILT_IN_POLICY, rules: [...BUILT_IN_POLICY.rules, rule] };
}

function told(story: Story, after: Policy, before: Policy = BUILT_IN_POLICY) {
  return policyEffects(story.state, before, after, story.now).map(
    ({ kind, message }) => `${kind}: ${message}`,
  );
}

describe('what another pack would ask of a record', () => {
  it('is nothing where it asks for the same or for less', () => {
    const story = inStatus('Active');
    expect(told(story, BUILT_IN_POLICY)).toEqual([]);
    expect(told(story, askingFor([{ role: 'security' }]))).toEqual([]);
    expect(told(story, packWith({ maximum: 'P7D' }, { control: ['firewall'] }))).toEqual([]);
  });

  it('are approvals that nobody has given', () => {
    const more = packWith({ approvals: [{ role: 'dpo' }, { role: 'ciso', count: 2 }] });
    expect(told(inStatus('Active'), more)).toEqual([
      'approvals: needs ciso (rule more)',
      'approvals: needs dpo (rule more)',
    ]);
    expect(told(given().submitted(), more)).toEqual([
      'approvals: needs 2 x ciso (rule more)',
      'approvals: needs dpo (rule more)',
    ]);
  });

  it('is an end after its maximum, or, extended, after its total', () => {
    const shorter = packWith({ maximum: 'P60D', total: 'P100D' });
    expect(told(inStatus('Active'), shorter)).toEqual([
      'maximum: ends at 2026-04-01T00:00:00.000Z, after the maximum of P60D (2026-03-02T00:00:00.000Z; rule more)',
    ]);
    expect(told(inStatus('Extended'), shorter)).toEqual([
      'maximum: ends at 2026-05-01T00:00:00.000Z, after the total of P100D (2026-04-11T00:00:00.000Z; rule more)',
    ]);
    const asked = given({ expires_at: '2026-03-20T00:00:00.000Z' }).submitted();
    expect(told(asked, shorter)).toHaveLength(1);
    expect(told(given().submitted(), shorter)).toEqual([]);
  });

  it('are artifacts and fields that it lacks', () => {
    const more = packWith({ artifacts: ['memo'], fields: ['ticket_id', 'title'] });
    expect(told(inStatus('Active'), more)).toEqual([
      'field: ticket_id is required (rule more; a test)',
      'artifact: artifacts must hold a risk acceptance memo {kind: memo, link or evidence} (rule more; a test)',
    ]);
    // Asked for already, by whichever rule.
    expect(told(inStatus('Active'), more, packWith({ artifacts: ['memo'] }))).toHaveLength(1);
  });

  it('is a reminder that it will not have, or is too late for', () => {
    const more = packWith({ reminders: ['P60D', 'P14D', 'P7D'] });
    const active = inStatus('Active');
    expect(told(active, more)).toEqual([
      'reminder: has no reminder P60D before its end (2026-01-31T00:00:00.000Z)',
      'reminder: has no reminder P14D before its end (2026-03-18T00:00:00.000Z)',
    ]);
    // Longer than it has ever been in force.
    expect(told(active, packWith({ reminders: ['P100D'] }))).toEqual([]);
    expect(told(inStatus('Expired'), more)).toEqual([]);
    expect(active.now).toBe(START);
    expect(told(active.after(DAY), more)).toHaveLength(2);
  });
});
