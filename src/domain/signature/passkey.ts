/**
 * The public key of a passkey as a JWK (RFC 7517, RFC 7518 section 6, RFC 8037): ECDSA over P-256 with
 * SHA-256, Ed25519, or RSA with PKCS #1 v1.5 and SHA-256. All values are base64url.
 */
export type PasskeyKey =
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string };

/** A passkey as a person registered it. */
export interface PasskeyRegistration {
  /** Base64url, as browsers name it. */
  readonly credential_id: string;
  /** What its owner calls it. */
  readonly name: string;
  readonly public_key: PasskeyKey;
  /** How often it has signed, as it counts; 0 of those that do not count. */
  readonly counter: number;
  /** The domain that it belongs to, and the address where it was registered. */
  readonly rp_id: string;
  readonly origin: string;
  /** How browsers reach it: `internal`, `usb`, `hybrid` … */
  readonly transports?: readonly string[];
}

/** A passkey as it stands. Times are RFC 3339 instants in real time. */
export interface Passkey extends PasskeyRegistration {
  readonly registered_at: string;
  readonly used_at?: string;
  /** What it signed before stays good. */
  readonly removed_at?: string;
}
