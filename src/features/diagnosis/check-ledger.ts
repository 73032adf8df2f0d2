import { parseCheckpoint } from '../../domain/ledger/checkpoint.ts';
import type { CheckpointStore } from '../../journal/checkpoint-store.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type Check, ok, problem, warning } from './check.ts';

/** Days before its end from which on a token should be replaced. */
const TOKEN_ENDS_WITHIN = 14;

interface LedgerFacts {
  readonly state: string;
  readonly state_note: string | null;
  readonly signed: number | null;
}

/** Whether the ledger goes on, and its newest signed checkpoint has left the database. */
export async function checkLedger(
  tx: Transaction,
  tenantId: string,
  checkpoints: CheckpointStore,
): Promise<Check> {
  const [facts] = await tx.query<LedgerFacts & { [name: string]: unknown }>(
    `SELECT state, state_note,
       (SELECT max(size) FROM lapse.ledger_checkpoints c WHERE c.tenant_id = t.tenant_id) AS signed
     FROM lapse.tenants t WHERE tenant_id = $1`,
    [tenantId],
  );
  const name = 'ledger';
  if (!facts) throw new Error('there is no such tenant');
  if (facts.state !== 'active') {
    const mend =
      'put the newest copy of the database back, or have an administrator open a new epoch (`lapse ledger new-epoch`)';
    return problem(
      name,
      `the register can only be read: ${facts.state_note ?? 'no reason is given'}`,
      mend,
    );
  }
  const newest = await checkpoints.newest(tenantId);
  if (newest === undefined) {
    if (facts.signed === null) return ok(name, 'nothing is in it yet');
    const mend = 'see that the data folder can be written to; the next entry is signed there again';
    return problem(name, 'no checkpoint lies outside the database', mend);
  }
  const { size } = parseCheckpoint(newest.slice(0, newest.indexOf('\n\n') + 1));
  const behind = (facts.signed ?? 0) - size;
  if (behind <= 0) return ok(name, `signed up to entry ${size}, inside and outside the database`);
  const mend =
    'give the servers of all hosts one checkpoint folder, or look at the log for why it cannot be written';
  return warning(name, `the newest checkpoint outside the database lacks ${behind} entries`, mend);
}

/** Whether somebody will still be able to administer: tokens end within a year. */
export async function checkTokens(tx: Transaction, tenantId: string): Promise<Check> {
  const [row] = await tx.query<{ days: number | null }>(
    `SELECT floor(extract(epoch FROM max(expires_at) - clock_timestamp()) / 86400)::int AS days
     FROM lapse.tokens WHERE tenant_id = $1 AND revoked_at IS NULL AND state->>'role' = 'administrator'`,
    [tenantId],
  );
  const days = row?.days ?? 0;
  if (days > TOKEN_ENDS_WITHIN) return ok('tokens', `an administrator's token lasts ${days} days`);
  const mend =
    'make people who administer (`lapse people add`), or another token: `lapse token create --role administrator --name …` while one still opens, `lapse token administrator` on the server itself';
  const ends = days < 0 ? 'has ended' : `ends in ${days} days`;
  return warning('tokens', `the last administrator's token ${ends}`, mend);
}
