import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ALL_EVIDENCE,
  COMPLETE,
  GRANTS,
  given,
  inStatus,
  nothing,
  REASON,
  RENEWAL,
  type Story,
} from '../../../test/support/given.ts';
import { DomainError } from '../errors.ts';
import { DAY } from '../schedule/instant.ts';
import type { ExceptionFields } from './fields.ts';
import { chainMemory, heldPlaces, keyOf, lineageKey } from './lineage.ts';
import { draftRenewal } from './renewal.ts';

const COVERED: ExceptionFields = {
  ...COMPLETE,
  control: 'rbac-tier-1',
  grants: GRANTS,
  scope: { resources: ['shop', 'billing'], tenants: ['acme'] },
  services: ['webhook', 'ingest'],
};
const KEY = lineageKey(COVERED);

describe('the lineage key', () => {
  it.each<[string, Partial<ExceptionFields>]>([
    ['the wording', { title: 'Something else', justification: 'another', policy_ref: ['x'] }],
    ['the risk', { likelihood: 'High', impact: 'Low', data_classification: 'public' }],
    ['the times', { expires_at: '2026-02-01T00:00:00Z', requested_duration: 'P3D' }],
    ['the people', { requestor: { name: 'Somebody' }, owners: [] }],
    [
      'order',
      {
        services: ['ingest', 'webhook'],
        scope: { tenants: ['acme'], resources: ['billing', 'shop'] },
      },
    ],
    ['case, spaces and repeats', { services: [' WEBHOOK ', 'Ingest', 'ingest'] }],
    ['a trailing slash', { scope: { resources: ['shop/', 'billing'], tenants: ['acme'] } }],
    [
      'what a grant gives',
      { grants: GRANTS?.map((grant) => ({ ...grant, permission: 'Reader' })) },
    ],
  ])('stays the same whatever %s', (_, changes) => {
    expect(lineageKey({ ...COVERED, ...changes })).toBe(KEY);
  });

  it.each<[string, Partial<ExceptionFields>]>([
    ['control', { control: 'rbac-tier-0' }],
    ['environment', { environment: 'staging' }],
    ['scope', { scope: { resources: ['shop'], tenants: ['acme'] } }],
    ['kind of scope', { scope: { endpoints: ['shop', 'billing'], tenants: ['acme'] } }],
    ['grant target', { grants: [{ kind: 'x', target: '/other', subject: 'rivera@example.com' }] }],
    ['grant subject', { grants: GRANTS?.map((grant) => ({ ...grant, subject: 'chen' })) }],
    ['services', { services: ['webhook'] }],
  ])('is another with another %s', (_, changes) => {
    expect(lineageKey({ ...COVERED, ...changes })).not.toBe(KEY);
  });

  it('goes by the rules where no control is named', () => {
    const key = (policy_ref: string[]) => lineageKey({ ...COMPLETE, services: ['a'], policy_ref });
    expect(key(['b', 'A'])).toBe(key(['a', 'B ', 'b']));
    expect(key(['a'])).not.toBe(key(['b']));
  });

  it('is none where nothing is named that could be recognised', () => {
    expect(lineageKey(COMPLETE)).toBeUndefined();
    expect(
      lineageKey({ ...COMPLETE, control: 'firewall', scope: {}, services: [] }),
    ).toBeUndefined();
  });

  it('never joins lists that differ', () => {
    const names = fc.uniqueArray(fc.stringMatching(/^[a-c]{1,2}$/), { maxLength: 3 });
    const sets = (services: string[], resources: string[]) =>
      JSON.stringify([services.toSorted(), resources.toSorted()]);
    fc.assert(
      fc.property(names, names, names, names, (services, resources, others, elsewhere) => {
        const one = lineageKey({ title: 'x', services, scope: { resources } });
        const other = lineageKey({ title: 'y', services: others, scope: { resources: elsewhere } });
        expect(one === other).toBe(sets(services, resources) === sets(others, elsewhere));
      }),
    );
  });
});

describe('a record holds its places', () => {
  const first = `${KEY}/000000`;

  it('from its submission on, whatever becomes of it once it was in force', () => {
    expect(heldPlaces(given(COVERED).state)).toEqual([]);
    for (const status of ['Under-Review', 'Approved', 'Active', 'Expiring', 'Expired'] as const) {
      const { state } =
        status === 'Expiring' || status === 'Expired'
          ? inStatus('Active', COVERED).after(status === 'Expiring' ? 5 * DAY : 31 * DAY)
          : inStatus(status, COVERED);
      expect(heldPlaces(state)).toEqual([first]);
    }
    const closed = inStatus('Active', COVERED).with({
      type: 'CloseException',
      evidence: ALL_EVIDENCE,
      removal: { statement: 'gone', links: ['log'] },
    });
    expect(heldPlaces(closed.state)).toEqual([first]);
    expect(heldPlaces(closed.after(40 * DAY).state)).toEqual([first]);
  });

  it('until it is over without having been in force', () => {
    const requested = inStatus('Under-Review', COVERED);
    expect(heldPlaces(requested.with({ type: 'WithdrawException', reason: REASON }).state)).toEqual(
      [],
    );
    expect(heldPlaces(requested.with({ type: 'RequestChanges', reason: REASON }).state)).toEqual(
      [],
    );
    expect(heldPlaces(requested.after(31 * DAY).state)).toEqual([]);
  });

  it('of what it covers now, where it was edited', () => {
    const edited = inStatus('Under-Review', COVERED).with({
      type: 'EditException',
      changes: { services: ['webhook'] },
    });
    const key = lineageKey({ ...COVERED, services: ['webhook'] });
    expect(heldPlaces(edited.state)).toEqual([`${key}/000000`]);
  });
});

describe('a renewal', () => {
  const renewal = (story: Story, justification = RENEWAL.justification) => {
    const command = draftRenewal(story.state, { ...RENEWAL, justification }, story.now);
    if (command instanceof DomainError) throw command;
    return nothing()
      .after(story.now - story.state.created_at)
      .with(command);
  };
  const active = inStatus('Active', COVERED);

  it('takes the next number under the key of its chain', () => {
    const { state } = renewal(active.after(20 * DAY)).submitted();
    expect(heldPlaces(state)).toEqual([`${KEY}/000001`]);
    expect(chainMemory(state).keys).toEqual([KEY]);
  });

  it('that covers something else takes the first place there too, and what it had stays known', () => {
    const moved = renewal(active.after(20 * DAY))
      .with({ type: 'EditException', changes: { services: ['webhook'] } })
      .submitted();
    const key = lineageKey(moved.state.fields) ?? '';
    expect(heldPlaces(moved.state)).toEqual([`${key}/000000`, `${key}/000001`]);
    expect(chainMemory(moved.state).keys).toEqual([KEY, key]);
    expect(heldPlaces(moved.state).map(keyOf)).toEqual([key, key]);
  });
});
