import { decodeJwt, errors, type JWTPayload, jwtVerify } from 'jose';
import type { Principal } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/errors.ts';
import { isUlid } from '../../domain/ids.ts';
import type { IssuerKeys } from './issuer-keys.ts';
import { hasClaims, type WorkloadState } from './workload-events.ts';

interface Services {
  /** The workloads of a tenant that may sign in. */
  readonly workloadsOf: (tenantId: string) => Promise<readonly WorkloadState[]>;
  readonly tenantOf: (audience: string) => string | undefined;
  readonly keys: IssuerKeys;
  readonly realNow: () => number;
}

/** Signatures with a private key alone (RFC 8725 section 3.1): never `none`, never a shared secret. */
const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'],
  ...['ES256', 'ES384', 'ES512', 'EdDSA', 'Ed25519'],
];
/** In characters; Node reads no longer header over the network either. */
const LONGEST = 16_000;
/** In seconds: how far an issuer's clock may be off, and how old a token may be, whatever its end. */
const SKEW = 30;
const OLDEST = 3_600;
/** In milliseconds: how long another replica may still let in a workload that was removed. */
const REMEMBERED_FOR = 1_000;
const REMEMBERED_AT_MOST = 1_000;

/** Whether a bearer token has the form of a JWT: `lapse_…` has no dots. */
export function isJwt(bearer: string): boolean {
  return bearer.split('.', 4).length === 3;
}

/** Lets workloads in by their platform's token (OpenID Connect Core 1.0 section 2; RFC 8725). */
export class WorkloadSignIn {
  readonly #services: Services;
  readonly #remembered = new Map<
    string,
    { workloads: Promise<readonly WorkloadState[]>; until: number }
  >();

  constructor(services: Services) {
    this.#services = services;
  }

  /** Forgets what is remembered of a tenant, so that a removal counts at once here. */
  forget(tenantId: string): void {
    this.#remembered.delete(tenantId);
  }

  /**
   * Who a token stands for. Until its signature is checked, one refusal stands for every cause.
   *
   * @param tenant whom the request names, for audiences that name no tenant
   * @throws DomainError `unauthenticated`; `unavailable` where the issuer does not answer
   */
  async authenticate(jwt: string, tenant: string | undefined): Promise<Principal> {
    const { keys, realNow } = this.#services;
    const { issuer, audiences } = peek(jwt);
    const tenantId = this.#tenantOf(audiences, tenant);
    const workloads = (await this.#workloadsOf(tenantId)).filter(
      (one) => one.issuer === issuer && audiences.includes(one.audience),
    );
    if (workloads.length === 0) throw refused();
    const claims = await verified(jwt, {
      key: keys.of(issuer),
      issuer,
      audience: workloads.map(({ audience }) => audience),
      currentDate: new Date(realNow()),
    });
    return principalOf(tenantId, onlyOne(workloads, claims), claims);
  }

  #tenantOf(audiences: readonly string[], tenant: string | undefined): string {
    const { tenantOf } = this.#services;
    const named = new Set(
      [...audiences.map(tenantOf), tenant].filter((one): one is string => one !== undefined),
    );
    const [only] = named;
    if (named.size !== 1 || only === undefined || !isUlid(only)) throw refused();
    return only;
  }

  #workloadsOf(tenantId: string): Promise<readonly WorkloadState[]> {
    const now = this.#services.realNow();
    const known = this.#remembered.get(tenantId);
    if (known && known.until >= now) return known.workloads;
    if (this.#remembered.size >= REMEMBERED_AT_MOST) this.#remembered.clear();
    const read = {
      workloads: this.#services.workloadsOf(tenantId),
      until: now + REMEMBERED_FOR,
    };
    this.#remembered.set(tenantId, read);
    read.workloads.catch(() => {
      if (this.#remembered.get(tenantId) === read) this.#remembered.delete(tenantId);
    });
    return read.workloads;
  }
}

/** What a token says of itself before anybody has checked it: where to look, and nothing more. */
function peek(jwt: string): { issuer: string; audiences: string[] } {
  if (jwt.length > LONGEST) throw refused();
  try {
    const { iss, aud } = decodeJwt(jwt);
    const audiences = [aud].flat().filter((one) => typeof one === 'string');
    if (typeof iss === 'string') return { issuer: iss, audiences };
  } catch {
    // Not a JWT at all: the same as one of nobody.
  }
  throw refused();
}

async function verified(
  jwt: string,
  {
    key,
    ...expected
  }: {
    readonly key: ReturnType<IssuerKeys['of']>;
    readonly issuer: string;
    readonly audience: string[];
    readonly currentDate: Date;
  },
): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(jwt, key, {
      ...expected,
      algorithms: ALGORITHMS,
      clockTolerance: SKEW,
      maxTokenAge: OLDEST,
      requiredClaims: ['exp', 'iat', 'sub'],
    });
    return payload;
  } catch (error) {
    if (error instanceof DomainError) throw error;
    // These come after the signature: whoever has such a token may know what is wrong with it.
    const isProven =
      error instanceof errors.JWTExpired || error instanceof errors.JWTClaimValidationFailed;
    throw isProven
      ? refusal(
          `the workload's token is not valid: ${error.message}; ask its platform for a new one`,
          error,
        )
      : refused(error);
  }
}

function onlyOne(workloads: readonly WorkloadState[], claims: JWTPayload): WorkloadState {
  const [found, second] = workloads.filter((one) => hasClaims(one, claims));
  // Only what the token says itself: its holder may be a stranger whom the same issuer signs for.
  if (!found)
    throw refusal(`no workload here has the claims of this token, whose sub is ${claims.sub}`);
  if (!second) return found;
  throw refusal(
    `${found.workload_id} and ${second.workload_id} both have the claims of this token; let their claims exclude each other`,
  );
}

function principalOf(
  tenantId: string,
  { workload_id: id, name, role, scopes, clearance = 'internal' }: WorkloadState,
  { iss: issuer = '', sub: subject = '' }: JWTPayload,
): Principal {
  const signed_in = { method: 'workload', issuer, subject } as const;
  return { tenantId, actor: { id, name, role, signed_in }, scopes, clearance };
}

function refused(cause?: unknown): DomainError {
  return refusal(
    'the token is not of a workload that may sign in here: its issuer, audience (or Lapse-Tenant) or signature is not right',
    cause,
  );
}

function refusal(message: string, cause?: unknown): DomainError {
  const error = new DomainError('unauthenticated', message);
  error.cause = cause;
  return error;
}
