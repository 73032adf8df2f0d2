import type { Principal } from '../../domain/access/principal.ts';
import { DomainError } from '../../domain/errors.ts';
import {
  type EpochOpened,
  epochOrigin,
  handoverText,
  type OpenedEpoch,
} from '../../domain/ledger/epoch.ts';
import { signNote } from '../../domain/ledger/signed-note.ts';
import { formatVerifierKey } from '../../domain/ledger/verifier-key.ts';
import { parseInstant } from '../../domain/schedule/instant.ts';
import type { CheckpointStore, OutsideNote } from '../../journal/checkpoint-store.ts';
import { record } from '../../journal/journal.ts';
import { type LedgerStanding, ledgerStanding } from '../../journal/ledger-divergence.ts';
import {
  type FreshKey,
  findLedgerKeys,
  type LedgerKey,
  type LedgerKeys,
  loadLedgerSigner,
  makeLedgerKey,
  newestKey,
  storeLedgerSecret,
} from '../../journal/ledger-key.ts';
import { ledgerStream } from '../../journal/ledger-stream.ts';
import type { Database, Transaction } from '../../platform/db/transaction.ts';
import { type IdempotentRequest, recall, remember } from '../../platform/http/idempotency.ts';
import type { MasterKey } from '../../platform/secrets/secrets.ts';

interface TenantState {
  readonly isWritable: boolean;
  readonly note: string | undefined;
}

interface Services {
  readonly db: Database;
  readonly master: MasterKey;
  readonly checkpoints: CheckpointStore;
  /** Whether the register may be changed, and why not. */
  readonly tenantState: (tx: Transaction, tenantId: string) => Promise<TenantState>;
  /** As `tenantState`; it stays so for as long as the transaction lasts. */
  readonly lockTenant: (tx: Transaction, tenantId: string) => Promise<TenantState>;
  /** Lets the register be changed again, and resolves the task that told of it. */
  readonly resumeWriting: (
    tx: Transaction,
    tenantId: string,
    resumed: { by: string; at: number },
  ) => void;
}

/** A ledger's epochs, and how its tree stands to what was signed. */
export interface LedgerEpochs {
  readonly first: { readonly key: LedgerKey; readonly createdAt: string };
  readonly opened: readonly OpenedEpoch[];
  readonly standing: LedgerStanding;
  /** Why the register can only be read, or will be found to be so; `undefined` where all is well. */
  readonly divergence: string | undefined;
}

/** What the key of the epoch before has signed for the next. */
interface Handover {
  readonly epoch: number;
  readonly key: FreshKey;
  readonly verifierKey: string;
  readonly note: string;
}

/** Opens and lists a ledger's epochs. */
export class EpochService {
  readonly #services: Services;

  constructor(services: Services) {
    this.#services = services;
  }

  /** The epochs, and what a new one would give up. */
  async list(tenantId: string): Promise<LedgerEpochs> {
    const { db, checkpoints } = this.#services;
    const outside = await checkpoints.all(tenantId);
    return db.inTenant(tenantId, async (tx) => {
      const [ledger, { isWritable, note }] = await Promise.all([
        getLedger(tx, tenantId),
        this.#services.tenantState(tx, tenantId),
      ]);
      const [key] = ledger.keys;
      const standing = await ledgerStanding(tx, tenantId, ledger, outside);
      // Another server may keep checkpoints that this one does not know.
      const elsewhere = isWritable ? undefined : (note ?? 'another server found it out');
      return {
        first: { key, createdAt: ledger.createdAt },
        opened: ledger.epochs,
        standing,
        divergence: standing.detail ?? elsewhere,
      };
    });
  }

  /**
   * Opens a new epoch of a ledger that has diverged, which lets the register be changed again: the one
   * change that a tenant takes which may only be read.
   */
  async open(
    principal: Principal,
    reason: string,
    idempotency?: IdempotentRequest,
  ): Promise<OpenedEpoch> {
    const { db, checkpoints, master } = this.#services;
    const { tenantId } = principal;
    const outside = await checkpoints.all(tenantId);
    const ready = await db.inSystem(async (tx) => {
      const found = await this.#look(tx, tenantId, outside, idempotency);
      if ('answered' in found) return found;
      const { ledger, standing } = found;
      const signer = await loadLedgerSigner(tx, tenantId, newestKey(ledger), master);
      return { signer, ledger, epoch: standing.newestEpoch + 1 };
    });
    if ('answered' in ready) return ready.answered;
    const { ledger, signer, epoch } = ready;
    const key = makeLedgerKey(tenantId, epoch, master);
    const verifierKey = formatVerifierKey(epochOrigin(ledger.keys[0].origin, epoch), key.publicKey);
    // Signing may be a call over the network one day, so no transaction is open meanwhile.
    const note = await signNote(handoverText(epoch, verifierKey), [signer]);
    const handover = { epoch, key, verifierKey, note };
    return db.inSystem((tx) =>
      this.#record(tx, principal, { reason, idempotency, outside, handover }),
    );
  }

  async #record(
    tx: Transaction,
    { tenantId, actor }: Principal,
    opening: {
      readonly reason: string;
      readonly idempotency: IdempotentRequest | undefined;
      readonly outside: readonly OutsideNote[];
      readonly handover: Handover;
    },
  ): Promise<OpenedEpoch> {
    const { reason, idempotency, outside, handover } = opening;
    const found = await this.#look(tx, tenantId, outside, idempotency);
    if ('answered' in found) return found.answered;
    const { ledger, standing } = found;
    if (standing.newestEpoch >= handover.epoch)
      throw new DomainError(
        'conflict',
        'another epoch was opened at this moment; look at it first',
      );
    const last = ledger.epochs.at(-1);
    const at = Math.max(await tx.now, parseInstant(last?.opened_at ?? '') ?? 0);
    const event: EpochOpened = {
      type: 'EpochOpened',
      data: {
        epoch: handover.epoch,
        verifier_key: handover.verifierKey,
        handover: handover.note,
        tree_size: standing.treeSize,
        fork_size: standing.forkSize,
        cited: [...standing.cited],
        reason,
      },
    };
    // Its stream has one event for each epoch after the first.
    const { epochs } = ledger;
    const state = last && { version: epochs.length, state: { epochs } };
    const [change] = record(tx, ledgerStream, [
      { tenantId, streamId: tenantId, before: state, events: [event], at, actor },
    ]);
    storeLedgerSecret(tx, tenantId, handover.epoch, handover.key);
    this.#services.resumeWriting(tx, tenantId, { by: actor.id, at });
    const reference = { type: 'ledger', id: tenantId, version: handover.epoch };
    remember(tx, tenantId, idempotency, { status: 201, reference, at });
    const opened = change?.state.epochs.at(-1);
    if (!opened) throw new Error('a new epoch has no event');
    return opened;
  }

  /**
   * What was answered to this request before; else the ledger and how its tree stands to what was
   * signed. Refuses where the tree extends all of it.
   */
  async #look(
    tx: Transaction,
    tenantId: string,
    outside: readonly OutsideNote[],
    idempotency: IdempotentRequest | undefined,
  ): Promise<{ answered: OpenedEpoch } | { ledger: LedgerKeys; standing: LedgerStanding }> {
    // Locked before anything is read: of replicas that open an epoch at the same moment, the second
    // sees what the first has done.
    const { isWritable } = await this.#services.lockTenant(tx, tenantId);
    const before = await recall(tx, tenantId, idempotency);
    const ledger = await getLedger(tx, tenantId);
    if (before) return { answered: epochOf(ledger, before.reference.version) };
    const standing = await ledgerStanding(tx, tenantId, ledger, outside);
    // A read-only tenant may have been found out by a server that keeps other checkpoints.
    if (!isWritable || standing.detail !== undefined) return { ledger, standing };
    const { epoch } = newestKey(ledger);
    throw new DomainError(
      'wrong-state',
      `the ledger has not diverged: its tree extends every checkpoint of epoch ${epoch}; a new epoch gives up what was signed, and passes only where the tree contradicts it`,
    );
  }
}

async function getLedger(tx: Transaction, tenantId: string): Promise<LedgerKeys> {
  const ledger = await findLedgerKeys(tx, tenantId);
  if (!ledger) throw new DomainError('not-found', 'the tenant has no ledger key');
  return ledger;
}

function epochOf({ epochs }: LedgerKeys, wanted: number): OpenedEpoch {
  const found = epochs.find(({ epoch }) => epoch === wanted);
  if (!found) throw new DomainError('not-found', `the ledger has no epoch ${wanted}`);
  return found;
}
