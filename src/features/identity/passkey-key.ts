import { COSEALG, cose, decodeCredentialPublicKey, isoCBOR } from '@simplewebauthn/server/helpers';
import { encodeBase64url } from '../../domain/signature/base64url.ts';
import type { PasskeyKey } from '../../domain/signature/passkey.ts';

const { COSECRV, COSEKEYS, COSEKTY } = cose;

/** The signatures that are asked for: those that every device can make one of, and the ledger check. */
export const ALGORITHMS: number[] = [COSEALG.ES256, COSEALG.EdDSA, COSEALG.RS256];

/** A public key as the ledger keeps it, of one in COSE (RFC 9052); undefined for other kinds of keys. */
export function keyOfCose(bytes: Uint8Array): PasskeyKey | undefined {
  const key = decodeCredentialPublicKey(new Uint8Array(bytes));
  const value = (bytes: Uint8Array | undefined) => encodeBase64url(bytes ?? new Uint8Array());
  const alg = key.get(COSEKEYS.alg);
  if (cose.isCOSEPublicKeyRSA(key) && alg === COSEALG.RS256)
    return { kty: 'RSA', n: value(key.get(COSEKEYS.n)), e: value(key.get(COSEKEYS.e)) };
  if (
    cose.isCOSEPublicKeyEC2(key) &&
    alg === COSEALG.ES256 &&
    key.get(COSEKEYS.crv) === COSECRV.P256
  )
    return {
      kty: 'EC',
      crv: 'P-256',
      x: value(key.get(COSEKEYS.x)),
      y: value(key.get(COSEKEYS.y)),
    };
  if (
    cose.isCOSEPublicKeyOKP(key) &&
    alg === COSEALG.EdDSA &&
    key.get(COSEKEYS.crv) === COSECRV.ED25519
  )
    return { kty: 'OKP', crv: 'Ed25519', x: value(key.get(COSEKEYS.x)) };
  return undefined;
}

/** The same key in COSE. */
export function coseOfKey(key: PasskeyKey): Uint8Array<ArrayBuffer> {
  const bytes = (text: string) => new Uint8Array(Buffer.from(text, 'base64url'));
  const entries = new Map<number, number | Uint8Array>();
  switch (key.kty) {
    case 'EC':
      entries.set(COSEKEYS.kty, COSEKTY.EC2).set(COSEKEYS.alg, COSEALG.ES256);
      entries
        .set(COSEKEYS.crv, COSECRV.P256)
        .set(COSEKEYS.x, bytes(key.x))
        .set(COSEKEYS.y, bytes(key.y));
      break;
    case 'OKP':
      entries.set(COSEKEYS.kty, COSEKTY.OKP).set(COSEKEYS.alg, COSEALG.EdDSA);
      entries.set(COSEKEYS.crv, COSECRV.ED25519).set(COSEKEYS.x, bytes(key.x));
      break;
    case 'RSA':
      entries.set(COSEKEYS.kty, COSEKTY.RSA).set(COSEKEYS.alg, COSEALG.RS256);
      entries.set(COSEKEYS.n, bytes(key.n)).set(COSEKEYS.e, bytes(key.e));
  }
  return isoCBOR.encode(entries);
}
