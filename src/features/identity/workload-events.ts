import { z } from 'zod';
import type { Actor } from '../../domain/access/actor.ts';
import { scopeList } from '../../domain/access/scopes.ts';
import { WORKLOAD_ROLES } from '../../domain/access/workload-roles.ts';
import { shortText } from '../../domain/exception/field-shapes.ts';
import { CLASSIFICATIONS } from '../../domain/exception/fields.ts';
import { formatInstant } from '../../domain/schedule/instant.ts';
import { issuerAddress } from './provider-events.ts';

const claimText = z.string().min(1).max(500);

/**
 * Issuers that sign for everybody, and the claims that say for whom. Without one of them a binding
 * would let the whole world in.
 */
const SHARED_ISSUERS: Readonly<Record<string, readonly string[]>> = {
  'https://token.actions.githubusercontent.com': [
    ...['sub', 'repository', 'repository_id', 'repository_owner', 'repository_owner_id'],
  ],
  'https://gitlab.com': ['sub', 'project_path', 'project_id', 'namespace_path', 'namespace_id'],
};

/** What binds a platform's token to a role: who issued it, for whom, and what it has to say. */
export const newWorkload = z
  .strictObject({
    name: shortText.describe('what signs in, as the ledger names it'),
    issuer: issuerAddress.describe('who signs its tokens, as their claim iss names it'),
    audience: claimText
      .optional()
      .describe(
        'for whom its tokens are; the public address, a slash and the tenant when left out',
      ),
    claims: z
      .record(z.string().min(1).max(200), z.union([claimText, z.array(claimText).min(1).max(50)]))
      .refine(
        (claims) => Object.keys(claims).length > 0 && Object.keys(claims).length <= 20,
        'must name 1 to 20 claims',
      )
      .describe(
        'texts that its tokens have to claim, exactly; one of a list where there are several',
      ),
    role: z.enum(WORKLOAD_ROLES).describe('approvals are for people: no role that gives any'),
    scopes: scopeList.optional(),
    clearance: z
      .enum(CLASSIFICATIONS)
      .default('internal')
      .describe('content of a higher classification is not shown to it'),
  })
  .superRefine(({ issuer, claims }, context) => {
    const telling = SHARED_ISSUERS[issuer.replace(/\/$/, '')];
    if (!telling || telling.some((name) => Object.hasOwn(claims, name))) return;
    const message = `must name one of ${telling.join(', ')}: ${issuer} signs for everybody`;
    context.addIssue({ code: 'custom', path: ['claims'], message });
  });
export type NewWorkload = z.output<typeof newWorkload>;

/** A binding with its audience, and lists of claims alone. */
type Binding = Required<Pick<NewWorkload, 'name' | 'issuer' | 'audience' | 'role'>> &
  Partial<Pick<NewWorkload, 'scopes' | 'clearance'>> & {
    readonly claims: Readonly<Record<string, readonly string[]>>;
  };

/** A workload's life in the ledger. A binding is never changed: another one takes its place. */
export type WorkloadEvent =
  | { readonly type: 'WorkloadAdded'; readonly data: Binding }
  | { readonly type: 'WorkloadRemoved'; readonly data: Record<string, never> };

/** A workload as it stands; instants are RFC 3339 texts in real time. */
export type WorkloadState = Binding & {
  readonly workload_id: string;
  readonly created_at: string;
  readonly created_by: string;
  readonly removed_at?: string;
};

/** The workload after one more event. */
export function evolveWorkload(
  state: WorkloadState | undefined,
  event: WorkloadEvent,
  { streamId, at, actor }: { streamId: string; at: number; actor: Actor },
): WorkloadState {
  if (event.type === 'WorkloadAdded') {
    return {
      workload_id: streamId,
      ...event.data,
      created_at: formatInstant(at),
      created_by: actor.id,
    };
  }
  if (!state) throw new Error(`workload ${streamId} begins with ${event.type}`);
  return { ...state, removed_at: formatInstant(at) };
}

/** Whether a token's claims are those of a workload: each is a text, and one of those that it names. */
export function hasClaims(
  { claims: wanted }: Pick<WorkloadState, 'claims'>,
  claims: Readonly<Record<string, unknown>>,
): boolean {
  return Object.entries(wanted).every(([name, values]) => {
    const value = Object.hasOwn(claims, name) ? claims[name] : undefined;
    return typeof value === 'string' && values.includes(value);
  });
}
