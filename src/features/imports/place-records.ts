import type { Actor } from '../../domain/access/actor.ts';
import type { Claims } from '../../domain/exception/events.ts';
import type { ExceptionFields } from '../../domain/exception/fields.ts';
import { quote } from '../../domain/exception/import-remarks.ts';
import type { Policy } from '../../domain/policy/policy.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import type { PlacedRemark } from './import-schemas.ts';
import { findImported } from './import-store.ts';
import type { FileRecord } from './record-part.ts';

/** What an import needs of the register. */
export interface Register {
  /** Makes drafts in a transaction that is under way; answers their ids in the same order. */
  draftAll(
    tx: Transaction,
    policy: Policy,
    tenantId: string,
    actor: Actor,
    drafts: readonly {
      readonly exceptionId?: string | undefined;
      readonly fields: ExceptionFields;
      readonly claims?: Claims | undefined;
    }[],
  ): Promise<string[]>;
  /** Which of the ids are records of the tenant. */
  existingIds(
    tx: Transaction,
    tenantId: string,
    ids: readonly string[],
  ): Promise<ReadonlySet<string>>;
}

/** Where a record belongs: it is new, it was imported before, or it cannot be told or kept. */
export type Place =
  | 'new'
  | { readonly knownAs: string; readonly reason: string }
  | { readonly problem: PlacedRemark };

/** A record of a file with its place in the register. */
export interface Placement {
  readonly record: FileRecord;
  readonly place: Place;
}

/** Compares a batch with the register, in one round trip. */
export async function placeRecords(
  tx: Transaction,
  tenantId: string,
  records: readonly FileRecord[],
  register: Pick<Register, 'existingIds'>,
): Promise<Placement[]> {
  const keys = records.flatMap(({ draft }) => draft.keys.map(({ key }) => key));
  const ids = records.flatMap(({ draft }) => draft.exceptionId ?? []);
  const [imported, existing] = await Promise.all([
    findImported(tx, tenantId, keys),
    register.existingIds(tx, tenantId, ids),
  ]);
  return records.map((record) => ({ record, place: placeOf(record, imported, existing) }));
}

/** It says neither which record it is, nor what is in it. */
const NOT_SHOWN =
  'was imported before, as a record that is above your clearance; leave it out, or have somebody import it who has that clearance';

function placeOf(
  record: FileRecord,
  imported: ReadonlyMap<string, string | null>,
  existing: ReadonlySet<string>,
): Place {
  const { keys, exceptionId } = record.draft;
  for (const { key } of keys) {
    const knownAs = imported.get(key);
    if (knownAs === null) return { problem: record.place({ path: [], message: NOT_SHOWN }) };
    if (knownAs !== undefined) return { knownAs, reason: whyUnchanged(key, knownAs) };
  }
  if (exceptionId === undefined || !existing.has(exceptionId)) return 'new';
  const message = `${exceptionId} is a record of this register that no import has made; leave exception_id out to import a copy, or edit the record instead`;
  return { problem: record.place({ path: ['exception_id'], message }) };
}

function whyUnchanged(key: string, exceptionId: string): string {
  const by = key.startsWith('id:') ? `under its id ${quote(key.slice(3))}` : 'as it stands here';
  return `was imported before ${by}; an import changes no record that exists: edit ${exceptionId} instead`;
}
