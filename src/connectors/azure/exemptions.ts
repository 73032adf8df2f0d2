import { isDeepStrictEqual } from 'node:util';
import type {
  CloudGrant,
  Connector,
  GrantOrder,
  Placed,
} from '../../domain/enforcement/connector.ts';
import { policyReferences } from '../../domain/enforcement/grant-spec.ts';
import { type AzureClient, UnexpectedAnswer } from './azure-client.ts';
import { connectorOf, deleteAll } from './connector-of.ts';
import { endText, instantOf, isEnd } from './ends.ts';
import { type AskedExemption, readExemption, whatIsUnfit } from './exemption-spec.ts';
import { grantIdIn } from './mark.ts';
import { nameByKey } from './name-by-key.ts';
import { failureOf } from './outcomes.ts';
import { same, withoutSlash } from './scopes.ts';

const API = 'api-version=2022-07-01-preview';
/** The first that says who may exempt (reference/azure.md, fact 5). */
const ASSIGNMENT_API = 'api-version=2025-12-01-preview';
const PROVIDER = 'providers/Microsoft.Authorization/policyExemptions';

/** A policy exemption as Resource Manager answers it; only what is used. */
interface Exemption {
  readonly id: string;
  readonly name: string;
  readonly properties: ExemptionProperties;
  readonly systemData?: { readonly createdBy?: string; readonly createdAt?: string };
}

interface ExemptionProperties {
  readonly policyAssignmentId: string;
  readonly policyDefinitionReferenceIds?: readonly string[] | null;
  readonly exemptionCategory: string;
  readonly expiresOn?: string | null;
  readonly displayName?: string | null;
  readonly description?: string | null;
  readonly metadata?: Readonly<Record<string, unknown>> | null;
}

/** An assignment as far as it says who may exempt from it, and who made it. */
interface Assignment {
  readonly properties?: {
    readonly exemptionManagementMode?: string;
    readonly metadata?: { readonly assignedBy?: string };
  };
}

/** Grants that are policy exemptions, of one kind. */
export type ExemptionKind = 'policy-exemption' | 'defender-exemption';

/**
 * Policy exemptions (reference/azure.md, Policy exemption, Defender for Cloud exemption). A grant's
 * `target` is the scope, `permission` the policy assignment, parameters as in {@link readExemption}.
 * They are found by scope, assignment and references, whatever their name. Past its `expiresOn` one is
 * not honoured any more and stands there until somebody removes it: it still counts as present.
 */
export function exemptions(azure: AzureClient, kind: ExemptionKind): Connector {
  /** Every exemption at exactly this scope from exactly these policies; the one that is ours first. */
  async function find(asked: AskedExemption, signal: AbortSignal): Promise<Exemption[]> {
    const found: Exemption[] = [];
    const path = `${asked.scope}/${PROVIDER}?${API}&$filter=atExactScope()`;
    for await (const page of azure.values('resource-manager', path, signal)) {
      found.push(...(page as Exemption[]).filter((exemption) => isSame(exemption, asked)));
    }
    const isOurs = ({ name }: Exemption) => same(name, asked.name);
    return found.sort((one, other) => Number(isOurs(other)) - Number(isOurs(one)));
  }

  /** The assignment, where it may be read; those of management groups often may not. */
  async function readAssignment(id: string, signal: AbortSignal): Promise<Assignment | undefined> {
    const path = `${withoutSlash(id)}?${ASSIGNMENT_API}`;
    const answer = await azure.manage({ method: 'GET', path }, signal);
    if (answer.status === 403 || answer.status === 404) return undefined;
    if (answer.status !== 200) throw new UnexpectedAnswer(answer);
    return answer.body as Assignment;
  }

  return connectorOf<AskedExemption>({
    read: (spec) => readExemption(spec, { kind, name: nameByKey(spec) }),
    whatIsUnfit: ({ spec }) => whatIsUnfit(spec),

    async apply(order, asked, signal) {
      const path = `${asked.scope}/${PROVIDER}/${asked.name}?${API}`;
      const read = await azure.manage({ method: 'GET', path }, signal);
      const unread = failureOf(read);
      if (unread && read.status !== 404) return unread;
      const standing = unread ? undefined : (read.body as Exemption);
      const properties = propertiesOf(order, asked, standing?.properties);
      if (standing && isDeepStrictEqual(standing.properties, properties))
        return { kind: 'done', placed: placedOf(standing) };
      const answer = await azure.manage({ method: 'PUT', path, body: { properties } }, signal);
      return failureOf(answer) ?? { kind: 'done', placed: placedOf(answer.body as Exemption) };
    },

    async remove(_, asked, signal) {
      const ids = (await find(asked, signal)).map(({ id }) => id);
      // Lists lag behind, and an answer may have been lost: what we put there is asked for by its name.
      const own = `${asked.scope}/${PROVIDER}/${asked.name}`;
      if (!ids.some((id) => same(id, own))) ids.push(own);
      return deleteAll(azure, ids, API, signal);
    },

    async observe(_, asked, signal) {
      const [found] = await find(asked, signal);
      return found ? { kind: 'present', placed: placedOf(found) } : { kind: 'absent' };
    },

    async *list(scope, signal): AsyncIterable<CloudGrant> {
      const assignments = new Map<string, Assignment | undefined>();
      // Without a filter: those that are past their end, and those of the scopes above, are listed too.
      const path = `${withoutSlash(scope)}/${PROVIDER}?${API}`;
      for await (const page of azure.values('resource-manager', path, signal)) {
        for (const exemption of page as Exemption[]) {
          const id = exemption.properties.policyAssignmentId;
          const key = id.toLowerCase();
          if (!assignments.has(key)) assignments.set(key, await readAssignment(id, signal));
          const assignment = assignments.get(key);
          if (kindOf(id, assignment) === kind) yield cloudGrant(exemption, assignment, kind);
        }
      }
    },
  });
}

/** The whole of what is to stand there: what others have written into it is kept. */
function propertiesOf(
  { spec, grantId, exceptionId, endsAt, ticketId, requestor }: GrantOrder,
  { assignment, references }: AskedExemption,
  standing: ExemptionProperties | undefined,
): ExemptionProperties {
  const { category = '', display_name, description } = spec.parameters ?? {};
  const hasEnd = endsAt === undefined || isEnd(standing?.expiresOn, endsAt);
  return {
    policyAssignmentId: assignment,
    ...(references.length > 0 ? { policyDefinitionReferenceIds: references } : {}),
    displayName: display_name ?? `Lapse ${exceptionId}`,
    description:
      description ?? `Allowed by ${exceptionId} until its end. Kept by Lapse: ${grantId}.`,
    ...standing,
    exemptionCategory: category,
    ...(hasEnd ? {} : { expiresOn: endText(endsAt) }),
    metadata: {
      expiry_notified: false,
      ...standing?.metadata,
      ...(ticketId === undefined ? {} : { ticket_id: ticketId }),
      ...(requestor === undefined ? {} : { requester: requestor }),
      exception_id: exceptionId,
      grant_id: grantId,
    },
  };
}

function cloudGrant(
  exemption: Exemption,
  assignment: Assignment | undefined,
  kind: ExemptionKind,
): CloudGrant {
  const { properties, systemData } = exemption;
  const references = properties.policyDefinitionReferenceIds ?? [];
  const markedFor = grantIdIn(properties.metadata?.grant_id);
  const createdAt = instantOf(systemData?.createdAt);
  const mode = assignment?.properties?.exemptionManagementMode;
  return {
    spec: {
      kind,
      target: scopeIn(exemption),
      permission: properties.policyAssignmentId,
      parameters: {
        category: properties.exemptionCategory,
        ...(references.length > 0 ? { policy_definition_reference_ids: references.join('&') } : {}),
      },
    },
    placed: placedOf(exemption),
    ...(markedFor === undefined ? {} : { markedFor }),
    ...(systemData?.createdBy ? { createdBy: systemData.createdBy } : {}),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(mode === undefined ? {} : { selfService: same(mode, 'UserSelfServe') }),
  };
}

/** Defender for Cloud assigns its standards itself, the built-in one under a name of its own. */
function kindOf(id: string, assignment: Assignment | undefined): ExemptionKind {
  const assignedBy = assignment?.properties?.metadata?.assignedBy ?? '';
  const isDefenders = same(assignedBy, 'Security Center') || /\/SecurityCenterBuiltIn$/i.test(id);
  return isDefenders ? 'defender-exemption' : 'policy-exemption';
}

function placedOf({ id, properties }: Exemption): Placed {
  const endsAt = instantOf(properties.expiresOn);
  return {
    id,
    ours: grantIdIn(properties.metadata?.grant_id) !== undefined,
    ...(endsAt === undefined ? {} : { endsAt }),
  };
}

function isSame(exemption: Exemption, { scope, assignment, references }: AskedExemption): boolean {
  const { policyAssignmentId, policyDefinitionReferenceIds } = exemption.properties;
  const standing = (policyDefinitionReferenceIds ?? []).join('&');
  const asked = references.join('&');
  return (
    same(scopeIn(exemption), scope) &&
    same(policyAssignmentId, assignment) &&
    isDeepStrictEqual(sorted(standing), sorted(asked))
  );
}

function sorted(references: string): string[] {
  const parameters = { policy_definition_reference_ids: references.toLowerCase() };
  return policyReferences({ kind: '', target: '', parameters }).sort();
}

function scopeIn({ id }: Exemption): string {
  return id.slice(0, id.toLowerCase().lastIndexOf(`/${PROVIDER.toLowerCase()}/`));
}
