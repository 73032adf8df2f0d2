import type {
  CallOutcome,
  Connector,
  GrantOrder,
  Pace,
  Placed,
} from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { readRange, refuseEveryAddress } from './addresses.ts';
import { type AzureClient, UnexpectedAnswer } from './azure-client.ts';
import { BadSpec } from './bad-spec.ts';
import { called, failureOf, looked } from './outcomes.ts';
import { isResourceOf, same, withoutSlash } from './scopes.ts';

const API = 'api-version=2023-01-01';
const ACCOUNTS = 'Microsoft.Storage/storageAccounts';
/** One change of an account after the other; the provider takes 1,200 an hour. */
const PACE: Pace = { burst: 10, perSecond: 1 / 3, atOnce: 1 };
/** How often a change that others have written over is made again within one call. */
const MOST_TURNS = 3;
/** When to look whether a change has stayed: others may have read the rules before it. */
const LOOK_AFTER = 5_000;

interface IpRule {
  readonly value: string;
  readonly action?: string;
}

/** An account as Resource Manager answers it; only what is used. */
interface Account {
  readonly id: string;
  readonly properties?: { readonly networkAcls?: { readonly ipRules?: readonly IpRule[] } };
}

/** The changes of each account in this process, the last of them: one waits for the other. */
const turns = new Map<string, Promise<unknown>>();

/**
 * IP rules of storage accounts. A grant's `target` is the account, `subject` the public IPv4 address or
 * network that is let in. A PATCH replaces the whole list, and the API has no ETag: the list is read,
 * changed, written and read back, by one call of an account at a time; what another process has written
 * over is written again. Since such a write may still come, `apply` and `remove` answer `pending`, and a
 * later look decides. Rules have neither name nor text: nothing tells whose they are.
 */
export function storageIpRules(azure: AzureClient): Connector {
  async function rulesOf(account: string, signal: AbortSignal): Promise<readonly IpRule[]> {
    const answer = await azure.manage({ method: 'GET', path: `${account}?${API}` }, signal);
    if (answer.status !== 200) throw new UnexpectedAnswer(answer);
    return (answer.body as Account).properties?.networkAcls?.ipRules ?? [];
  }

  /** Brings the rules of an account to where the grant's is among them, or is not. */
  async function change(
    { spec }: GrantOrder,
    wanted: 'there' | 'gone',
    signal: AbortSignal,
  ): Promise<CallOutcome> {
    const account = accountOf(spec);
    const value = addressOf(spec);
    const isAsWanted = (rules: readonly IpRule[]) =>
      rules.some((rule) => same(rule.value, value)) === (wanted === 'there');
    let rules = await rulesOf(account, signal);
    if (isAsWanted(rules)) return { kind: 'done' };
    for (let turn = 0; turn < MOST_TURNS; turn += 1) {
      const kept = rules.filter((rule) => !same(rule.value, value));
      const ipRules = wanted === 'there' ? [...kept, { value, action: 'Allow' }] : kept;
      const body = { properties: { networkAcls: { ipRules } } };
      const path = `${account}?${API}`;
      const answer = await azure.manage({ method: 'PATCH', path, body }, signal);
      const failure = failureOf(answer);
      if (failure) return failure;
      rules = await rulesOf(account, signal);
      if (!isAsWanted(rules)) continue;
      const placed = wanted === 'there' ? { placed: placedOf(spec, true) } : {};
      return { kind: 'pending', retryAfter: LOOK_AFTER, ...placed };
    }
    const message = `others write the IP rules of ${account} at the same time, ${MOST_TURNS} times now`;
    return { kind: 'retry', message };
  }

  return {
    readsToConfirm: 1,
    pace: PACE,

    apply: (order, signal) =>
      called(async () => {
        refuseEveryAddress([order.spec.subject ?? ''], order);
        return inTurn(accountOf(order.spec), () => change(order, 'there', signal));
      }),

    remove: (order, signal) =>
      called(async () => inTurn(accountOf(order.spec), () => change(order, 'gone', signal))),

    observe: ({ spec, placed }, signal) =>
      looked(async () => {
        const value = addressOf(spec);
        const rules = await rulesOf(accountOf(spec), signal);
        if (!rules.some((rule) => same(rule.value, value))) return { kind: 'absent' };
        return { kind: 'present', placed: placedOf(spec, placed?.ours ?? false) };
      }),

    async *list(scope, signal) {
      const above = withoutSlash(scope);
      if (isResourceOf(above, ACCOUNTS)) {
        for (const rule of await rulesOf(above, signal)) yield cloudGrant(above, rule);
        return;
      }
      const path = `${above}/providers/${ACCOUNTS}?${API}`;
      for await (const page of azure.values('resource-manager', path, signal)) {
        for (const { id, properties } of page as Account[])
          for (const rule of properties?.networkAcls?.ipRules ?? []) yield cloudGrant(id, rule);
      }
    },
  };
}

/** Runs a change of an account when those before it have ended, whatever came of them. */
async function inTurn<T>(account: string, run: () => Promise<T>): Promise<T> {
  const key = account.toLowerCase();
  const before = turns.get(key);
  const own = (before ?? Promise.resolve()).then(run, run);
  turns.set(key, own);
  try {
    return await own;
  } finally {
    if (turns.get(key) === own) turns.delete(key);
  }
}

function cloudGrant(target: string, { value }: IpRule) {
  const spec = { kind: 'storage-ip-rule', target, subject: value };
  return { spec, placed: { id: `${target}#${value}`, ours: false } };
}

function placedOf(spec: GrantSpec, ours: boolean): Placed {
  return { id: `${accountOf(spec)}#${addressOf(spec)}`, ours };
}

function accountOf({ target }: GrantSpec): string {
  if (isResourceOf(target, ACCOUNTS)) return withoutSlash(target);
  throw new BadSpec(
    `the target of a storage-ip-rule is ${target}: a storage account would pass, ` +
      `/subscriptions/<guid>/resourceGroups/<name>/providers/${ACCOUNTS}/<name>`,
  );
}

/** Storage takes public IPv4 addresses, and networks of at least four of them. */
function addressOf({ subject = '' }: GrantSpec): string {
  const wants = '203.0.113.7 or 203.0.113.0/24 would pass';
  if (subject === '') throw new BadSpec(`a storage-ip-rule needs a subject: ${wants}`);
  const { family, size, text, registered } = readRange(subject);
  if (family === 'ipv6')
    throw new BadSpec(`${subject} is IPv6, which IP rules do not know: ${wants}`);
  if (size === 'range')
    throw new BadSpec(`${subject} is a range, and IP rules have none: ${wants}`);
  if (text.endsWith('/31'))
    throw new BadSpec(
      `${subject} is too small a network: two grants, one for each address, would pass`,
    );
  if (registered === 'private')
    throw new BadSpec(`${subject} is private, and IP rules take public addresses alone: ${wants}`);
  return text;
}
