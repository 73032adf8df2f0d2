import type { ImportContext } from '../../domain/exception/import-record.ts';
import type { Transaction } from '../../platform/db/transaction.ts';
import { type RememberedResult, recall, remember } from '../../platform/http/idempotency.ts';
import { checkImport } from './check-import.ts';
import { encodeRuns } from './created-runs.ts';
import type { ImportAnswer, ImportPreview } from './import-schemas.ts';
import type { ImportCaller, ImportServices, ImportSource } from './import-services.ts';
import { previewImport } from './preview-import.ts';
import { repeatImport } from './repeat-import.ts';
import { writeImport } from './write-import.ts';

/** An answer with its status: 201 where a record was made. */
export interface ImportOutcome {
  readonly status: 200 | 201;
  readonly answer: ImportAnswer;
}

/**
 * Imports files: all of a file's records or none. A first reading finds everything that is wrong;
 * a second writes, in one transaction. Both hold one batch of records at a time.
 */
export class ImportService {
  readonly #services: ImportServices;

  constructor(services: ImportServices) {
    this.#services = services;
  }

  /** Refuses with `import-refused`, naming every problem with its line and column. */
  async run(caller: ImportCaller, file: ImportSource, assign: boolean): Promise<ImportOutcome> {
    const { db } = this.#services;
    const begun = await db.inTenant(caller, (tx) => this.#begin(tx, caller));
    if (begun.before) return this.#repeat(caller, file, assign, begun.before);
    await checkImport(file, this.#context(caller, assign, begun), this.#services);
    const written = await db.inTenant(caller, (tx) => this.#write(tx, caller, file, assign));
    return 'answer' in written ? written : this.#repeat(caller, file, assign, written);
  }

  /** What `run` would do now, without the ids that it would make. */
  async rehearse(
    { idempotency: _, ...caller }: ImportCaller,
    file: ImportSource,
    assign: boolean,
  ): Promise<ImportOutcome> {
    const begun = await this.#services.db.inTenant(caller, (tx) => this.#begin(tx, caller));
    const context = this.#context(caller, assign, begun);
    return { status: 200, answer: await checkImport(file, context, this.#services) };
  }

  /** What every record would become, beside all that is wrong. */
  async preview(
    { idempotency: _, ...caller }: ImportCaller,
    file: ImportSource,
    assign: boolean,
  ): Promise<ImportPreview> {
    const begun = await this.#services.db.inTenant(caller, (tx) => this.#begin(tx, caller));
    return previewImport(file, this.#context(caller, assign, begun), this.#services);
  }

  async #begin(tx: Transaction, { tenantId, idempotency }: ImportCaller) {
    const [before, now, policy] = await Promise.all([
      recall(tx, tenantId, idempotency),
      tx.now,
      this.#services.policyOf(tx, tenantId),
      this.#services.assertWritable(tx, tenantId),
    ]);
    return { before, now, policy };
  }

  async #write(
    tx: Transaction,
    caller: ImportCaller,
    file: ImportSource,
    assign: boolean,
  ): Promise<ImportOutcome | RememberedResult> {
    // The same request may have been answered meanwhile, or by another replica.
    const begun = await this.#begin(tx, caller);
    if (begun.before) return begun.before;
    const { now } = begun;
    const context = this.#context(caller, assign, begun);
    const result = await writeImport(tx, caller, file, context, this.#services);
    const status = result.made.includes(true) ? 201 : 200;
    const reference = { type: 'import', id: encodeRuns(result.made), version: 1 };
    remember(tx, caller.tenantId, caller.idempotency, { status, reference, at: now });
    return { status, answer: result.answer() };
  }

  async #repeat(
    caller: ImportCaller,
    file: ImportSource,
    assign: boolean,
    { status, reference, at }: RememberedResult,
  ): Promise<ImportOutcome> {
    // The same answer as then, so by the pack of then.
    const policy = await this.#services.db.inTenant(caller, (tx) =>
      this.#services.policyOf(tx, caller.tenantId, at),
    );
    const context = this.#context(caller, assign, { now: at, policy });
    const answer = await repeatImport(file, context, reference.id, this.#services);
    return { status: status === 201 ? 201 : 200, answer };
  }

  #context(
    { tenantId, clearance }: ImportCaller,
    assign: boolean,
    { now, policy }: Pick<ImportContext, 'now' | 'policy'>,
  ): ImportContext {
    return { tenantId, clearance, assign, now, policy };
  }
}
