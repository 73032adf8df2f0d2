import { createPublicKey, verify } from 'node:crypto';
import type { VerifySignature } from '../domain/signature/assertion.ts';

/** Checks the signature of a passkey: ECDSA in DER, as WebAuthn has it, Ed25519, or RSA. */
export const verifyPasskey: VerifySignature = (key, { message, signature }) => {
  try {
    const publicKey = createPublicKey({ key: { ...key }, format: 'jwk' });
    return verify(key.kty === 'OKP' ? null : 'sha256', message, publicKey, signature);
  } catch {
    // A key or a signature that is none has signed nothing.
    return false;
  }
};
