import type { ExceptionFields } from '../exception/fields.ts';

/** How much a request opens (000 section 4, Scope minimization). */
export const BREADTHS = ['narrow', 'wide'] as const;
export type Breadth = (typeof BREADTHS)[number];

/** One thing that makes a request wide, and what would be narrower. */
export interface WideScope {
  /** The field, dotted. */
  readonly path: string;
  readonly message: string;
}

const OWNER_LIKE = new Set([
  'owner',
  'user access administrator',
  'role based access control administrator',
  'global administrator',
  'privileged role administrator',
]);
const MANAGEMENT_GROUP = /\/managementGroups\//i;
const SUBSCRIPTION = /^\/subscriptions\/[^/]+\/?$/i;
const EVERY = /^(?:\*|all|any|every|everything)$/i;
const ANY_ADDRESS = /^(?:0\.0\.0\.0\/0|::\/0|internet)$/i;

/** Whether a request opens more than it may need to; what of it is in `wideScopes`. */
export function breadth(fields: ExceptionFields): Breadth {
  return wideScopes(fields).length > 0 ? 'wide' : 'narrow';
}

/** Whether the scope of a request names every address, so that its approvers have seen it there. */
export function namesEveryAddress({ scope = {} }: ExceptionFields): boolean {
  return (scope.endpoints ?? []).some((name) => ANY_ADDRESS.test(name.trim()));
}

/** Everything in a request that is wide, each with a narrower scope that would do. */
export function wideScopes({ scope = {}, grants = [] }: ExceptionFields): WideScope[] {
  const named = Object.entries(scope).flatMap(([list, names]) =>
    (names ?? []).flatMap((name, index) => wide(`scope.${list}.${index}`, name)),
  );
  const granted = grants.flatMap((grant, index) => [
    ...wide(`grants.${index}.target`, grant.target),
    ...wide(`grants.${index}.subject`, grant.subject ?? ''),
    ...ownerLike(`grants.${index}.permission`, grant.permission ?? ''),
  ]);
  return [...named, ...granted];
}

function wide(path: string, text: string): WideScope[] {
  const said = text.trim();
  if (MANAGEMENT_GROUP.test(said))
    return [
      {
        path,
        message: `${said} is a management group; name the subscription or resource group that needs it`,
      },
    ];
  if (SUBSCRIPTION.test(said))
    return [
      {
        path,
        message: `${said} is a whole subscription; ${said.replace(/\/$/, '')}/resourceGroups/<group> would be narrower`,
      },
    ];
  if (ANY_ADDRESS.test(said))
    return [{ path, message: `${said} is every address; name the addresses that need it` }];
  if (EVERY.test(said) || said.includes('*'))
    return [{ path, message: `${said} stands for more than one; name each that needs it` }];
  return [];
}

function ownerLike(path: string, permission: string): WideScope[] {
  if (!OWNER_LIKE.has(permission.trim().toLowerCase())) return [];
  return [
    {
      path,
      message: `${permission} may give rights to others; a role for the task alone would be narrower`,
    },
  ];
}
