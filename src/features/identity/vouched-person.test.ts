import { describe, expect, test } from 'vitest';
import type { PersonState } from './person-events.ts';
import { providerSettings } from './provider-events.ts';
import { detailsAfter } from './vouched-person.ts';

const SETTINGS = { label: 'Work', issuer: 'https://id.example.com', client_id: 'lapse' };
const plain = providerSettings.parse({ ...SETTINGS, email_domains: ['example.com'] });
const managing = providerSettings.parse({ ...plain, roles: { law: ['dpo'] } });
const VOUCHED = {
  issuer: SETTINGS.issuer,
  subject: 's',
  idToken: '',
  claims: {
    name: 'Of the provider',
    email: 'new@example.com',
    email_verified: true,
    groups: ['law'],
  },
};
const KNOWN: PersonState = {
  person_id: 'per_1',
  name: 'Of the directory',
  email: 'old@example.com',
  roles: ['ciso'],
  clearance: 'restricted',
  external_id: 'x',
  source: 'scim',
  active: true,
  subjects: [],
  created_at: '2026-01-01T00:00:00.000Z',
  changed_at: '2026-01-01T00:00:00.000Z',
};
const KEPT: PersonState = { ...KNOWN, directory: { user_name: 'old' } };
const { name, email, external_id, directory } = KEPT;
const own = { name, email, external_id, directory };
const access = { roles: KEPT.roles, clearance: KEPT.clearance };

describe('who signs in through a provider', () => {
  test('has name and address as it says, where no directory keeps them', () => {
    expect(detailsAfter(KNOWN, VOUCHED, plain, false)).toEqual({
      name: 'Of the provider',
      email: 'new@example.com',
      external_id: 'x',
      ...access,
    });
  });

  test('is as the directory says, where one keeps them', () => {
    expect(detailsAfter(KEPT, VOUCHED, plain, false)).toEqual({ ...own, ...access });
    expect(detailsAfter(KEPT, VOUCHED, plain, true)).toEqual({ ...own, ...access });
  });

  test('has the roles that it gives, unless groups of the directory give them', () => {
    const given = { roles: ['dpo'], clearance: 'internal' };
    expect(detailsAfter(KEPT, VOUCHED, managing, false)).toEqual({ ...own, ...given });
    expect(detailsAfter(KEPT, VOUCHED, managing, true)).toEqual({ ...own, ...access });
  });
});
