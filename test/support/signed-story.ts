import type { Actor } from '../../src/domain/access/actor.ts';
import { DomainError } from '../../src/domain/errors.ts';
import type { ExceptionCommand } from '../../src/domain/exception/commands.ts';
import { proposedStatement } from '../../src/domain/exception/propose-approval.ts';
import type { Policy } from '../../src/domain/policy/policy.ts';
import { formatInstant } from '../../src/domain/schedule/instant.ts';
import type {
  ApprovalSignature,
  ApprovalStatement,
} from '../../src/domain/signature/approval-signature.ts';
import { REASON, type Story, TENANT } from './given.ts';

/** A pack that asks for signatures of some roles besides. */
export function signedBy(
  policy: Policy,
  ...signatures: NonNullable<Policy['rules'][number]['effects']['signatures']>
): Policy {
  const rule = { id: 'signed', source: 'a test', match: {}, effects: { signatures } };
  return { ...policy, rules: [...policy.rules, rule] };
}

type Approve = Extract<ExceptionCommand, { type: 'ApproveException' }>;

/** What somebody would sign now, or why they may not. */
export function proposed(
  story: Story,
  by: Actor,
  terms: Partial<Approve> = {},
): ApprovalStatement | DomainError {
  const command: Approve = { type: 'ApproveException', reason: REASON, ...terms };
  const { now, policy, state } = story;
  return proposedStatement(state, command, { now, actor: by, policy, tenantId: TENANT });
}

/** The approval that carries a statement; its assertion is one that a decider does not look at. */
export function signedApproval(
  statement: ApprovalStatement | DomainError,
  signed_at: number,
): Approve {
  if (statement instanceof DomainError) throw statement;
  const signature: ApprovalSignature = {
    statement,
    nonce: 'bm9uY2U',
    credential_id: 'Y3JlZGVudGlhbA',
    public_key: { kty: 'OKP', crv: 'Ed25519', x: 'a2V5' },
    rp_id: 'lapse.example.com',
    origin: 'https://lapse.example.com',
    authenticator_data: 'YXV0aGVudGljYXRvcg',
    client_data: 'Y2xpZW50',
    signature: 'c2lnbmF0dXJl',
    signed_at: formatInstant(signed_at),
  };
  const { reason, role, change_id, ends_at } = statement;
  return {
    ...{ type: 'ApproveException', reason, role, expires_at: ends_at, signature },
    ...(change_id === undefined ? {} : { change: change_id }),
  };
}
