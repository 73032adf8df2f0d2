import { AZURE_KINDS, type ConnectionSettings } from '../enforcement/connection.ts';
import type { GrantSpec } from '../enforcement/grant-spec.ts';

/** What is listed at once: kinds of grants below a subscription, or the members of a group. */
export interface ListedScope {
  /** As a connector's `list` takes it; empty where it has but one. */
  readonly scope: string;
  readonly kinds: readonly string[];
}

/** The kind whose scopes are groups of the directory. */
const OF_GROUPS = 'group-member';

/**
 * What a connection is to list: its subscriptions and groups; where it names none, those that the
 * register's own grants lie in.
 */
export function scopesOf(
  settings: ConnectionSettings,
  registered: readonly Pick<GrantSpec, 'kind' | 'target'>[],
): ListedScope[] {
  if (settings.connector === 'webhook') return [{ scope: '', kinds: settings.kinds }];
  const known = [...new Set(registered.flatMap(scopeOf))];
  const isGroup = (scope: string) => !scope.startsWith('/');
  const subscriptions =
    settings.subscriptions.length > 0
      ? settings.subscriptions.map((id) => `/subscriptions/${id.toLowerCase()}`)
      : known.filter((scope) => !isGroup(scope));
  const groups =
    settings.groups.length > 0
      ? settings.groups.map((id) => id.toLowerCase())
      : known.filter(isGroup);
  const kinds = AZURE_KINDS.filter((kind) => kind !== OF_GROUPS);
  return [
    ...[...new Set(subscriptions)].map((scope) => ({ scope, kinds })),
    ...[...new Set(groups)].map((scope) => ({ scope, kinds: [OF_GROUPS] })),
  ];
}

/** The scope that a grant lies in: its subscription or group; nothing where it has neither. */
export function scopeOf({ kind, target }: Pick<GrantSpec, 'kind' | 'target'>): string[] {
  const path = target.trim().replace(/\/+$/, '').toLowerCase();
  if (kind === OF_GROUPS) return path === '' ? [] : [path.split('/').at(-1) ?? path];
  const subscription = /^\/subscriptions\/[^/]+/.exec(path)?.[0];
  return subscription === undefined ? [] : [subscription];
}
