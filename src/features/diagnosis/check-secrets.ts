import type { Database } from '../../platform/db/transaction.ts';
import type { MasterKey } from '../../platform/secrets/secrets.ts';
import { countByKey } from '../../platform/secrets/stored-secrets.ts';
import { type Check, ok, problem, warning } from './check.ts';

/** Whether every secret of the database rests under the present master key, and can be opened at all. */
export async function checkSecrets(db: Database, { keyId, keyIds }: MasterKey): Promise<Check> {
  const name = 'master key';
  const counts = await db.inSystem((tx) => countByKey(tx));
  const lost = counts.filter((each) => !keyIds.includes(each.keyId));
  if (lost.length > 0) {
    const what = lost.map(({ keyId: id, count }) => `${count} under ${id}`).join(', ');
    const mend =
      'give this server the keys of the others: LAPSE_MASTER_KEY and LAPSE_MASTER_KEY_PREVIOUS, or the file master-key';
    return problem(name, `secrets rest under keys that this server does not know: ${what}`, mend);
  }
  const old = counts.filter((each) => each.keyId !== keyId);
  if (old.length > 0) {
    const what = old.map(({ keyId: id, count }) => `${count} under ${id}`).join(', ');
    return warning(
      name,
      `secrets rest under an old master key: ${what}`,
      'run `lapse secrets rotate` on the server, which goes on with a rotation that was broken off',
    );
  }
  if (keyIds.length === 1) return ok(name, `every secret rests under ${keyId}`);
  return warning(
    name,
    `every secret rests under ${keyId}, and ${keyIds.slice(1).join(', ')} is kept beside it`,
    'run `lapse secrets retire` once a backup is made',
  );
}
