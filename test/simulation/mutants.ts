import { cloudMutants } from './mutants-cloud.ts';
import type { AlterStatement, Statement } from './simulated-database.ts';
import type { Faults } from './world.ts';

/** A fault that the simulation has to find. */
export interface Mutant extends Faults {
  readonly name: string;
  /** What of the failure tells that it was this fault that was found. */
  readonly foundBy: RegExp;
}

/** Drops the statements that a pattern fits. */
function without(pattern: RegExp): AlterStatement {
  return (statement) => (pattern.test(statement.text) ? undefined : statement);
}

/** Writes a part of each statement differently. */
function replacing(...changes: readonly (readonly [string, string])[]): AlterStatement {
  return ({ text, values }: Statement) => ({
    text: changes.reduce((changed, [from, to]) => changed.replaceAll(from, to), text),
    values,
  });
}

/** Faults of the code that writes, put into the statements on their way to the database, and of what acts in a cloud. */
export const MUTANTS: readonly Mutant[] = [
  ...cloudMutants,
  {
    name: 'answers are not remembered',
    alter: without(/^INSERT INTO lapse\.idempotency/),
    foundBy: /counts twice|made twice|was answered differently|was refused|was accepted under/,
  },
  {
    name: 'the register does not follow its events',
    alter: without(/UPDATE lapse\.exceptions e\s/),
    foundBy: /the register is what folding gives/,
  },
  {
    name: 'the end is not written to where lists look for it',
    alter: replacing(['expires_at = new.expires_at,', '']),
    foundBy: /each filter lists|in force past its end|the ledger verifies/,
  },
  {
    name: 'the next deadline is not written',
    alter: replacing(['SET next_due_at = EXCLUDED.next_due_at,', 'SET']),
    foundBy: /the ledger verifies|quarantined|left undone|deadlines failed/,
  },
  {
    name: 'an event is not written',
    alter: replacing([
      'SELECT tenant_id, stream_type, stream_id, version, event_id, envelope FROM new',
      'SELECT tenant_id, stream_type, stream_id, version, event_id, envelope FROM new WHERE version <> 2',
    ]),
    foundBy: /no gap|folding gives|in the journal|find work/,
  },
  {
    name: 'the sequencer passes over an event',
    alter: replacing(
      [
        'WHERE p.tenant_id = $1 ORDER BY p.position LIMIT 2000',
        'WHERE p.tenant_id = $1 AND p.position % 5 <> 0 ORDER BY p.position LIMIT 2000',
      ],
      [
        'AND position = ANY($2::bigint[])',
        'AND (position = ANY($2::bigint[]) OR position % 5 = 0)',
      ],
    ),
    foundBy: /the ledger verifies|ledger failed|in the ledger, signed|still find work/,
  },
  {
    name: 'the sequencer takes an event in again',
    alter: without(/^DELETE FROM lapse\.ledger_pending/),
    foundBy: /ledger_leaves_by_event|the ledger verifies/,
  },
  {
    name: 'a checkpoint does not come back into the database',
    alter: without(/^INSERT INTO lapse\.ledger_checkpoints/),
    foundBy: /still find work|in the ledger, signed/,
  },
  {
    name: 'a head without its checkpoint is not signed again',
    alter: replacing([
      'OR (SELECT max(size) FROM lapse.ledger_heads',
      'OR false AND (SELECT max(size) FROM lapse.ledger_heads',
    ]),
    foundBy: /in the ledger, signed/,
  },
];
