import type {
  CallOutcome,
  CloudGrant,
  Connector,
  Placed,
} from '../../domain/enforcement/connector.ts';
import type { GrantSpec } from '../../domain/enforcement/grant-spec.ts';
import { type AzureAnswer, type AzureClient, errorCode, errorText } from './azure-client.ts';
import { connectorOf } from './connector-of.ts';
import { grantIdIn } from './mark.ts';
import { failureOf, retryAfterOf, unseen } from './outcomes.ts';
import { policyExemptions } from './policy-exemptions.ts';
import { same, scopeKind, withoutSlash } from './scopes.ts';

/** What can be open to public networks, the api-version that says so, and how it says it. */
const RESOURCES = [
  { type: 'Microsoft.Sql/servers', api: '2021-11-01', on: 'Enabled', off: 'Disabled' },
  { type: 'Microsoft.Storage/storageAccounts', api: '2023-01-01', on: 'Enabled', off: 'Disabled' },
  { type: 'Microsoft.KeyVault/vaults', api: '2023-07-01', on: 'enabled', off: 'disabled' },
] as const;
type ResourceType = (typeof RESOURCES)[number];

const TYPES = RESOURCES.map(({ type }) => type).join(', ');
const PARAMETERS = ['policy_assignment', 'category'];
/**
 * The tag that marks what Lapse has opened, with what stood there before. It is written by the very call
 * that opens it: were the value known from that call's answer alone, a lost answer would lose it, and
 * the resource would be taken for one that had always been open.
 */
const TAG = 'lapse-public-network-access';
const PENDING = 15_000;

/** A resource that may be open to public networks; only what is used. */
interface Resource {
  readonly id: string;
  readonly tags?: Readonly<Record<string, string>> | null;
  readonly properties: { readonly publicNetworkAccess?: string | null };
}

interface Asked {
  readonly id: string;
  readonly type: ResourceType;
  /** The policy exemption that it needs besides, as a grant of its own. */
  readonly exemption: GrantSpec | undefined;
}

/**
 * Public network access of a resource that is to have private endpoints alone (reference/azure.md,
 * Private endpoint exemption). A grant's `target` is the resource; `parameters.policy_assignment` names
 * the policy to be exempt from, with `parameters.category` as of an exemption. The order is: exempt,
 * open … close, end the exemption. What stood there before is restored; what was open stays open.
 */
export function publicNetworkAccess(azure: AzureClient): Connector {
  const exemptions = policyExemptions(azure);
  const read = ({ id, type }: Asked, signal: AbortSignal) =>
    azure.manage({ method: 'GET', path: `${id}?api-version=${type.api}` }, signal);
  const change = ({ id, type }: Asked, body: unknown, signal: AbortSignal) =>
    azure.manage({ method: 'PATCH', path: `${id}?api-version=${type.api}`, body }, signal);

  return connectorOf<Asked>({
    read: readSpec,

    async apply(order, asked, signal) {
      const { exemption, type } = asked;
      const exempted = exemption && (await exemptions.apply({ ...order, spec: exemption }, signal));
      if (exempted && exempted.kind !== 'done') return exempted;
      const answer = await read(asked, signal);
      const unread = failureOf(answer);
      if (unread) return unread;
      const resource = answer.body as Resource;
      const prior = priorOf(resource, order.placed);
      const mark = `${order.grantId} prior=${prior}`;
      const endsAt = exempted?.placed?.endsAt;
      const placed: Placed = { id: resource.id, ours: true, endsAt, prior };
      if (isOpen(resource) && resource.tags?.[TAG] === mark) return { kind: 'done', placed };
      const changed = await change(
        asked,
        {
          properties: { publicNetworkAccess: type.on },
          tags: { ...resource.tags, [TAG]: mark },
        },
        signal,
      );
      return exemption && isDenied(changed) ? notYetExempt(changed) : taken(changed, placed);
    },

    async remove(order, asked, signal) {
      const answer = await read(asked, signal);
      const unread = failureOf(answer);
      if (unread) return unread;
      const resource = answer.body as Resource;
      const { [TAG]: mark, ...tags } = resource.tags ?? {};
      // Others opened it, and the exception names it exactly: it is closed.
      const prior = markIn(mark)?.prior ?? textOf(order.placed?.prior) ?? asked.type.off;
      const placed: Placed = { id: resource.id, ours: false, prior };
      // What we have opened and cannot see yet is still under way, and would be open later.
      const isUnderWay = order.placed?.ours === true && mark === undefined;
      const closes = (isOpen(resource) || isUnderWay) && !same(prior, 'enabled');
      let closed: CallOutcome = { kind: 'done', placed };
      if (closes || mark !== undefined) {
        const standing = resource.properties.publicNetworkAccess ?? asked.type.on;
        const properties = { publicNetworkAccess: closes ? prior : standing };
        closed = taken(await change(asked, { properties, tags }, signal), placed);
      }
      if (!asked.exemption || (closed.kind !== 'done' && closed.kind !== 'pending')) return closed;
      const unexempted = await exemptions.remove(
        { ...order, spec: asked.exemption, placed: undefined },
        signal,
      );
      return unexempted.kind === 'done' ? closed : unexempted;
    },

    async observe(order, asked, signal) {
      const answer = await read(asked, signal);
      const unread = failureOf(answer);
      if (unread) return unseen(unread);
      const resource = answer.body as Resource;
      const mark = markIn(resource.tags?.[TAG]);
      const wasOpen = same(textOf(order.placed?.prior) ?? '', 'enabled');
      // What had been open before and carries no mark is as it was.
      const isGranted = isOpen(resource) && (mark !== undefined || !wasOpen);
      const placed: Placed = {
        id: resource.id,
        ours: mark !== undefined,
        ...(mark === undefined ? {} : { prior: mark.prior }),
      };
      if (!asked.exemption) return isGranted ? { kind: 'present', placed } : { kind: 'absent' };
      const exempt = await exemptions.observe({ ...order, spec: asked.exemption }, signal);
      if (exempt.kind === 'absent' && !isGranted) return exempt;
      if (exempt.kind === 'present' && isGranted)
        return { kind: 'present', placed: { ...placed, endsAt: exempt.placed.endsAt } };
      if (exempt.kind !== 'absent' && exempt.kind !== 'present') return exempt;
      const message = isGranted
        ? 'public access is on, and its policy exemption is not there'
        : 'public access is off, and its policy exemption is there';
      return { kind: 'undecided', message };
    },

    async *list(scope, signal): AsyncIterable<CloudGrant> {
      const kind = scopeKind(scope);
      if (kind !== 'subscription' && kind !== 'resource-group') return;
      for (const { type, api } of RESOURCES) {
        const path = `${withoutSlash(scope)}/providers/${type}?api-version=${api}`;
        for await (const page of azure.values('resource-manager', path, signal)) {
          for (const resource of page as Resource[]) {
            if (isOpen(resource)) yield cloudGrant(resource);
          }
        }
      }
    },
  });
}

function readSpec({ target, subject, permission, parameters = {} }: GrantSpec): Asked | string {
  const id = withoutSlash(target);
  const found =
    /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/([^/]+\/[^/]+)\/[^/]+$/i;
  const named = found.exec(id)?.[1] ?? '';
  const type = RESOURCES.find((known) => same(known.type, named));
  if (!type || scopeKind(id) !== 'resource')
    return `the target of public network access is the id of a resource of one of these types: ${TYPES}`;
  if (subject !== undefined || permission !== undefined)
    return 'public network access has no subject and no permission: leave them out';
  const unknown = Object.keys(parameters).find((key) => !PARAMETERS.includes(key));
  if (unknown !== undefined)
    return `public network access has no parameter ${unknown}; it has ${PARAMETERS.join(', ')}`;
  const { policy_assignment, category = 'Waiver' } = parameters;
  if (policy_assignment === undefined) return { id, type, exemption: undefined };
  const exemption: GrantSpec = {
    kind: 'policy-exemption',
    target: id,
    permission: policy_assignment,
    parameters: { category },
  };
  return { id, type, exemption };
}

function cloudGrant(resource: Resource): CloudGrant {
  const mark = markIn(resource.tags?.[TAG]);
  return {
    spec: { kind: 'public-network-access', target: resource.id },
    placed: {
      id: resource.id,
      ours: mark !== undefined,
      ...(mark === undefined ? {} : { prior: mark.prior }),
    },
    ...(mark === undefined ? {} : { markedFor: mark.grantId }),
  };
}

/** Open unless it says otherwise: so it is where nothing was ever set. */
function isOpen({ properties }: Resource): boolean {
  return same(properties.publicNetworkAccess ?? 'enabled', 'enabled');
}

/** What stood there before the grant: a mark on what is closed is left from an earlier one. */
function priorOf(resource: Resource, placed: Placed | undefined): string {
  const standing = resource.properties.publicNetworkAccess ?? 'Enabled';
  if (!isOpen(resource)) return standing;
  return markIn(resource.tags?.[TAG])?.prior ?? textOf(placed?.prior) ?? standing;
}

function markIn(text: string | undefined): { grantId: string; prior: string } | undefined {
  const [, named, prior] = /^(\S+) prior=([A-Za-z]{1,40})$/.exec(text ?? '') ?? [];
  const grantId = grantIdIn(named);
  return grantId === undefined || prior === undefined ? undefined : { grantId, prior };
}

function textOf(prior: unknown): string | undefined {
  return typeof prior === 'string' ? prior : undefined;
}

function taken(answer: AzureAnswer, placed: Placed): CallOutcome {
  const failure = failureOf(answer);
  if (failure) return failure;
  if (answer.status !== 202) return { kind: 'done', placed };
  return { kind: 'pending', placed, retryAfter: retryAfterOf(answer) ?? PENDING };
}

function isDenied(answer: AzureAnswer): boolean {
  return answer.status === 403 && errorCode(answer) === 'RequestDisallowedByPolicy';
}

/** An exemption takes a while until it is honoured. */
function notYetExempt(answer: AzureAnswer): CallOutcome {
  return { kind: 'retry', message: `its exemption is not honoured yet: ${errorText(answer)}` };
}
