import type { Actor } from '../domain/access/actor.ts';
import { canonicalJson } from '../domain/ledger/canonical.ts';
import { type ApprovalSignature, approvalMessage } from '../domain/signature/approval-signature.ts';
import type { Snapshot } from '../platform/db/snapshot.ts';
import { verifyPasskey } from './passkey-signature.ts';
import type { AnyStreamKind, SignedEvent, SigningKey } from './stream.ts';
import type { Finding } from './verify-findings.ts';

/** The keys that people have registered. They are rows that follow from events, and compared with them. */
export async function signingKeys(
  rows: Snapshot,
  tenantId: string,
  kinds: readonly AnyStreamKind[],
): Promise<SigningKey[]> {
  const keys: SigningKey[] = [];
  for (const kind of kinds) keys.push(...((await kind.keysOf?.(rows, tenantId)) ?? []));
  return keys;
}

/** Checks what people have signed against the keys that they had registered at that time. */
export class SignatureCheck {
  readonly #keys: ReadonlyMap<string, readonly SigningKey[]>;

  constructor(keys: readonly SigningKey[]) {
    this.#keys = Map.groupBy(keys, ({ credential_id }) => credential_id);
  }

  /** What is wrong with a signature, or that there is none; undefined where all is well. */
  problemOf(
    { signature, rule, contradiction }: SignedEvent,
    by: Actor,
  ): Pick<Finding, 'code' | 'message'> | undefined {
    if (!signature) {
      const message = `the approval by ${by.name} is not signed, though rule ${rule} asks for it`;
      return { code: 'signature-missing', message };
    }
    const wrong = contradiction ?? this.#wrongWith(signature, by);
    if (wrong === undefined) return undefined;
    return { code: 'signature-mismatch', message: `the signature of ${by.name}: ${wrong}` };
  }

  #wrongWith(signature: ApprovalSignature, by: Actor): string | undefined {
    const message = approvalMessage(signature);
    if (typeof message === 'string') return message;
    const { credential_id, signed_at, rp_id, public_key } = signature;
    const key = this.#keys
      .get(credential_id)
      ?.find(
        ({ holder, registered_at, removed_at }) =>
          holder === by.id &&
          registered_at <= signed_at &&
          (removed_at === undefined || signed_at <= removed_at),
      );
    if (!key) return `no passkey ${credential_id} was registered for them at ${signed_at}`;
    if (key.rp_id !== rp_id || canonicalJson(key.public_key) !== canonicalJson(public_key))
      return 'its key is not the one that was registered';
    return verifyPasskey(key.public_key, message)
      ? undefined
      : 'it was not made by the registered key over this statement';
  }
}
