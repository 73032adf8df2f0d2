import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isoCBOR } from '@simplewebauthn/server/helpers';
import type { PasskeyKey } from '../../src/domain/signature/passkey.ts';

/** What of a ceremony is as it should not be. */
export interface Ceremony {
  readonly origin?: string;
  readonly rpId?: string;
  /** Whether the device has verified who is there; true unless said. */
  readonly verified?: boolean;
  /** What the device counts; one more than before unless said. */
  readonly counter?: number;
  /** In place of what the server asked for. */
  readonly challenge?: string;
  readonly crossOrigin?: boolean;
  readonly type?: string;
}

type Kind = 'ES256' | 'EdDSA' | 'RS256';

interface Options {
  readonly challenge: string;
}

const PRESENT = 0x01;
const VERIFIED = 0x04;
const ATTESTED = 0x40;

/** A device that holds one passkey, and does what browser and authenticator do together. */
export class SoftwareAuthenticator {
  readonly id = randomBytes(32).toString('base64url');
  readonly #kind: Kind;
  readonly #publicKey: KeyObject;
  readonly #privateKey: KeyObject;
  readonly #origin: string;
  #counter = 0;

  constructor(origin: string, kind: Kind = 'ES256') {
    this.#origin = origin;
    this.#kind = kind;
    const pair =
      kind === 'ES256'
        ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
        : kind === 'EdDSA'
          ? generateKeyPairSync('ed25519')
          : generateKeyPairSync('rsa', { modulusLength: 2_048 });
    this.#publicKey = pair.publicKey;
    this.#privateKey = pair.privateKey;
  }

  /** Its public key, as the ledger keeps it. */
  get publicKey(): PasskeyKey {
    return this.#publicKey.export({ format: 'jwk' }) as PasskeyKey;
  }

  /** `navigator.credentials.create(...)`, as JSON. */
  create(options: Options, ceremony: Ceremony = {}) {
    const id = Buffer.from(this.id, 'base64url');
    const credential = Buffer.concat([
      Buffer.alloc(16),
      Buffer.from([0, id.length]),
      id,
      this.#cose(),
    ]);
    const authData = Buffer.concat([this.#authenticatorData(ceremony, ATTESTED), credential]);
    const attestation = new Map<string, unknown>([
      ['fmt', 'none'],
      ['attStmt', new Map()],
      ['authData', new Uint8Array(authData)],
    ]);
    return this.#answer({
      clientDataJSON: this.#clientData('webauthn.create', options, ceremony).toString('base64url'),
      attestationObject: Buffer.from(isoCBOR.encode(attestation as never)).toString('base64url'),
      transports: ['internal'],
    });
  }

  /** `navigator.credentials.get(...)`, as JSON. */
  get(options: Options, ceremony: Ceremony = {}) {
    const clientData = this.#clientData('webauthn.get', options, ceremony);
    const authenticatorData = this.#authenticatorData(ceremony);
    const hash = createHash('sha256').update(clientData).digest();
    const algorithm = this.#kind === 'EdDSA' ? null : 'sha256';
    const message = Buffer.concat([authenticatorData, hash]);
    return this.#answer({
      clientDataJSON: clientData.toString('base64url'),
      authenticatorData: authenticatorData.toString('base64url'),
      signature: sign(algorithm, message, this.#privateKey).toString('base64url'),
    });
  }

  #answer<Response>(response: Response) {
    const { id } = this;
    return { id, rawId: id, type: 'public-key' as const, response, clientExtensionResults: {} };
  }

  #clientData(type: string, { challenge }: Options, ceremony: Ceremony): Buffer {
    const { origin = this.#origin, crossOrigin = false } = ceremony;
    const data = { type, challenge, origin, crossOrigin, ...ceremony };
    return Buffer.from(JSON.stringify({ ...data, verified: undefined, counter: undefined }));
  }

  #authenticatorData(ceremony: Ceremony, more = 0): Buffer {
    const { rpId = new URL(this.#origin).hostname, verified = true } = ceremony;
    this.#counter = ceremony.counter ?? this.#counter + 1;
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.#counter);
    const flags = Buffer.from([PRESENT | (verified ? VERIFIED : 0) | more]);
    return Buffer.concat([createHash('sha256').update(rpId).digest(), flags, counter]);
  }

  #cose(): Buffer {
    const jwk = this.#publicKey.export({ format: 'jwk' });
    const bytes = (text = '') => new Uint8Array(Buffer.from(text, 'base64url'));
    const entries: Record<Kind, [number, number | Uint8Array][]> = {
      ES256: [
        [1, 2],
        [3, -7],
        [-1, 1],
        [-2, bytes(jwk.x)],
        [-3, bytes(jwk.y)],
      ],
      EdDSA: [
        [1, 1],
        [3, -8],
        [-1, 6],
        [-2, bytes(jwk.x)],
      ],
      RS256: [
        [1, 3],
        [3, -257],
        [-1, bytes(jwk.n)],
        [-2, bytes(jwk.e)],
      ],
    };
    return Buffer.from(isoCBOR.encode(new Map(entries[this.#kind])));
  }
}
