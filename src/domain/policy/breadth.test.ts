import { describe, expect, it } from 'vitest';
import type { ExceptionFields } from '../exception/fields.ts';
import { breadth } from './breadth.ts';

const GROUP = '/subscriptions/abc123/resourceGroups/rg-shop';
const grant = (given: object): ExceptionFields => ({
  title: 'x',
  grants: [{ kind: 'role-assignment', target: GROUP, ...given }],
});

describe('a request is wide (000 section 4, Scope minimization)', () => {
  it.each<[string, ExceptionFields]>([
    ['of every tenant', { title: 'x', scope: { tenants: ['*'] } }],
    ['of all endpoints', { title: 'x', scope: { endpoints: ['/v1/orders', 'All'] } }],
    ['of endpoints by a wildcard', { title: 'x', scope: { endpoints: ['/v1/*'] } }],
    ['of any model', { title: 'x', scope: { models: ['any'] } }],
    ['of a subscription', { title: 'x', scope: { resources: ['/subscriptions/abc123/'] } }],
    ['of a subscription, by a grant', grant({ target: '/Subscriptions/abc123' })],
    [
      'of a management group',
      grant({ target: '/providers/Microsoft.Management/managementGroups/root' }),
    ],
    ['of a role that gives rights to others', grant({ permission: 'Owner' })],
    ['of such a role in other letters', grant({ permission: ' user access administrator ' })],
    ['of every address', grant({ kind: 'firewall-rule', subject: '0.0.0.0/0' })],
  ])('%s', (_, fields) => {
    expect(breadth(fields)).toBe('wide');
  });

  it.each<[string, ExceptionFields]>([
    ['nothing is named', { title: 'x' }],
    ['a resource group is', grant({})],
    ['a narrow role is', grant({ permission: 'Storage Blob Data Reader' })],
    ['an address is', grant({ subject: '203.0.113.7/32' })],
    ['names are', { title: 'x', scope: { tenants: ['allied'], endpoints: ['/v1/orders'] } }],
  ])('not where %s', (_, fields) => {
    expect(breadth(fields)).toBe('narrow');
  });
});
