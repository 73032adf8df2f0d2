import { readFileSync } from 'node:fs';
import type { LoggedCall } from '../../src/connectors/azure/fake/fake-cloud.ts';
import type { Mode } from '../../src/domain/enforcement/connector.ts';

/** What the role that is shipped for a mode lets Lapse do, in lower case. */
export function rightsOf(mode: Mode): ReadonlySet<string> {
  const role = JSON.parse(readFileSync(`docs/azure/lapse-${mode}.json`, 'utf8'));
  return new Set(role.Actions.map((action: string) => action.toLowerCase()));
}

/**
 * The rights that calls of Resource Manager need, as Azure names them: the type of the resource, and
 * what is done with it. Calls of Microsoft Graph need permissions of another kind.
 */
export function rightsFor(calls: readonly LoggedCall[]): string[] {
  const rights = calls.flatMap(({ method, path }) => {
    const provider = path.toLowerCase().split('/providers/').at(-1);
    if (path.startsWith('/v1.0/') || provider === undefined) return [];
    const [namespace, ...segments] = provider.split('/');
    const types = segments.filter((_, index) => index % 2 === 0);
    const isAction = method === 'POST';
    const action = { GET: 'read', PUT: 'write', PATCH: 'write', DELETE: 'delete' }[method];
    const asked = isAction ? `${types.join('/')}/action` : `${types.join('/')}/${action}`;
    return [`${namespace}/${asked}`];
  });
  return [...new Set(rights)].sort();
}
