import { describe, expect, it } from 'vitest';
import { SoftwareAuthenticator } from '../../test/support/software-authenticator.ts';
import {
  type ApprovalSignature,
  type ApprovalStatement,
  approvalChallenge,
} from '../domain/signature/approval-signature.ts';
import { encodeBase64url } from '../domain/signature/base64url.ts';
import { SignatureCheck } from './verify-signatures.ts';

const ORIGIN = 'https://lapse.example.com';
const BY = { id: 'per_1', name: 'L. Okoye', role: 'approver' } as const;
const STATEMENT: ApprovalStatement = {
  v: 1,
  tenant_org: '01J6M9M5Y0Q2H6W2QF9Q1VABCD',
  exception_id: 'EXC_01J6M9M5Y0Q2H6W2QF9Q1VABCE',
  title: 'Temporary bypass',
  approves: 'request',
  asked_at: '2026-01-01T00:00:00.000Z',
  statement_digest: 'ab'.repeat(32),
  ends_at: '2026-03-01T00:00:00.000Z',
  role: 'approver',
  approver: { id: BY.id, name: BY.name },
  reason: 'the risk is contained',
};
const NONCE = new Uint8Array(32).fill(7);

function signedBy(device: SoftwareAuthenticator): ApprovalSignature {
  const challenge = encodeBase64url(approvalChallenge(STATEMENT, NONCE));
  const { response } = device.get({ challenge });
  return {
    statement: STATEMENT,
    nonce: encodeBase64url(NONCE),
    credential_id: device.id,
    public_key: device.publicKey,
    rp_id: 'lapse.example.com',
    origin: ORIGIN,
    authenticator_data: response.authenticatorData,
    client_data: response.clientDataJSON,
    signature: response.signature,
    signed_at: '2026-01-02T00:00:00.000Z',
  };
}

function checkOf(device: SoftwareAuthenticator, times: object = {}) {
  const registered_at = '2026-01-01T00:00:00.000Z';
  const { id: credential_id, publicKey: public_key } = device;
  const key = { credential_id, public_key, rp_id: 'lapse.example.com', holder: BY.id };
  const check = new SignatureCheck([{ ...key, registered_at, ...times }]);
  return (signature: ApprovalSignature, by: { id: string; name: string } = BY) =>
    check.problemOf({ signature, rule: undefined, contradiction: undefined }, { ...BY, ...by });
}

describe.each(['ES256', 'EdDSA', 'RS256'] as const)('a signature with %s', (kind) => {
  const device = new SoftwareAuthenticator(ORIGIN, kind);
  const problemOf = checkOf(device);
  const signed = signedBy(device);

  it('verifies', () => {
    expect(problemOf(signed)).toBeUndefined();
  });

  it.each(['signature', 'authenticator_data', 'client_data', 'nonce'] as const)(
    'is found when any byte of its %s is altered',
    (part) => {
      const bytes = Buffer.from(signed[part], 'base64url');
      for (const at of bytes.keys()) {
        const altered = Buffer.from(bytes);
        altered[at] = (bytes[at] ?? 0) ^ 1;
        const problem = problemOf({ ...signed, [part]: altered.toString('base64url') });
        expect(problem?.code, `byte ${at}`).toBe('signature-mismatch');
      }
    },
  );

  it.each(Object.keys(STATEMENT))('is found when the %s of its statement is altered', (name) => {
    const statement = { ...STATEMENT, [name]: 'something else' };
    expect(problemOf({ ...signed, statement })?.code).toBe('signature-mismatch');
  });
});

describe('a signature', () => {
  const device = new SoftwareAuthenticator(ORIGIN);
  const signed = signedBy(device);

  it('is by the key of whoever gave the approval', () => {
    const problem = checkOf(device)(signed, { id: 'per_2', name: 'J. Chen' });
    expect(problem?.message).toContain('the signature of J. Chen: no passkey');
  });

  it('is by a key that was registered at that time', () => {
    const later = checkOf(device, { registered_at: '2026-01-03T00:00:00.000Z' });
    expect(later(signed)?.message).toContain('registered for them at 2026-01-02');
    const removed = checkOf(device, { removed_at: '2026-01-01T12:00:00.000Z' });
    expect(removed(signed)?.message).toContain('registered for them at 2026-01-02');
    expect(checkOf(device, { removed_at: '2026-01-04T00:00:00.000Z' })(signed)).toBeUndefined();
  });

  it('is by the registered key, and not by the one that stands beside it', () => {
    const forger = new SoftwareAuthenticator(ORIGIN);
    const forged = { ...signedBy(forger), credential_id: device.id };
    expect(checkOf(device)(forged)?.message).toContain('not the one that was registered');
    const disguised = { ...forged, public_key: device.publicKey };
    expect(checkOf(device)(disguised)?.message).toContain('not made by the registered key');
  });

  it.each([
    [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }],
    [{ kty: 'OKP', crv: 'Ed25519', x: '' }],
    [{ kty: 'RSA', n: 'AA', e: 'AA' }],
    [{ kty: 'unknown' }],
  ])('by a key that is none is no signature: %j', (publicKey) => {
    const registered = { public_key: publicKey as never };
    const problem = checkOf(device, registered)({ ...signed, ...registered });
    expect(problem?.code).toBe('signature-mismatch');
  });

  it('that is lacking is named with the rule', () => {
    const check = new SignatureCheck([]);
    const due = { signature: undefined, rule: 'signed', contradiction: undefined };
    expect(check.problemOf(due, BY)).toEqual({
      code: 'signature-missing',
      message: 'the approval by L. Okoye is not signed, though rule signed asks for it',
    });
  });
});
