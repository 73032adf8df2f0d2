import { BUILT_IN_POLICY } from '../../src/domain/policy/built-in-policy.ts';
import type { Policy } from '../../src/domain/policy/policy.ts';
import { COMPLETE, REQUESTOR } from '../support/given.ts';
import { ADMINISTRATOR, AUDITOR } from './cast.ts';
import type { Wish } from './intent.ts';
import type { Random } from './random.ts';

/** Records that files may hold, the same ones again and again; and how many one file has at most. */
const IMPORTABLE = 10;
const LARGEST_FILE = 4;

/** The title of an imported record says which one of a file's it is. */
export const IMPORTED = /^Imported \d+$/;

/** A file of a few records, some of which may have been imported before; now and then a bad one. */
export function wishForImport(random: Random, tenantId: string): Wish {
  const first = random.int(1, IMPORTABLE);
  const last = Math.min(IMPORTABLE, first + random.int(0, LARGEST_FILE - 1));
  const isBad = random.inThousand(80);
  const lines = Array.from({ length: last - first + 1 }, (_, index) =>
    JSON.stringify({
      ...COMPLETE,
      title: `Imported ${first + index}`,
      ...(isBad && index === 0 ? { risk_score: 'much' } : {}),
    }),
  );
  const request = { type: 'import', file: lines.join('\n'), records: lines.length } as const;
  return { tenantId, actor: random.inThousand(50) ? AUDITOR : REQUESTOR, request };
}

/** A new token, or the end of one of those there are. */
export function wishForToken(random: Random, tenantId: string, tokens: readonly string[]): Wish {
  const actor = random.inThousand(80) ? REQUESTOR : ADMINISTRATOR;
  if (tokens.length > 0 && random.inThousand(500)) {
    return { tenantId, actor, target: random.pick(tokens), request: { type: 'revoke-token' } };
  }
  const token = { name: 'ci', role: random.pick(['auditor', 'requestor'] as const) };
  return { tenantId, actor, request: { type: 'issue-token', token } };
}

/** Packs that people put in force. They differ in what is decided, and not in when time moves a record on. */
const PACKS: readonly Policy[] = [
  { ...BUILT_IN_POLICY, id: 'as-built-in' },
  { ...BUILT_IN_POLICY, id: 'terse', reasons: { min_characters: 10 } },
  { ...BUILT_IN_POLICY, id: 'wary', risk_change: { review_within: 'P2D' } },
  { ...BUILT_IN_POLICY, id: 'pressing', escalation: { after: 'P1D', to: ['ciso'] } },
];

/** Another policy pack, or one that was in force before. */
export function wishForPolicy(random: Random, tenantId: string): Wish {
  const actor = random.inThousand(80) ? REQUESTOR : ADMINISTRATOR;
  return { tenantId, actor, request: { type: 'put-policy', pack: random.pick(PACKS) } };
}

/** Somebody says that a ledger goes on, though entries that were signed are lost. */
export function wishForEpoch(random: Random, tenantId: string): Wish {
  const actor = random.inThousand(80) ? REQUESTOR : ADMINISTRATOR;
  return { tenantId, actor, request: { type: 'open-epoch', reason: 'a copy was put back' } };
}
