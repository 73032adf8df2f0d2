import { colours } from '../terminal/colours.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { safeLine } from '../terminal/output.ts';
import { type Epoch, renderEpoch } from './render-epoch.ts';
import { counted } from './time-text.ts';

/** What the verification of a ledger found out. */
export interface Verification {
  readonly ok: boolean;
  readonly size: number;
  readonly root: string;
  readonly entries: number;
  readonly streams: number;
  /** Committed while verification began, and not in the tree yet. */
  readonly pending: number;
  /** Entries whose payload went with its retention. */
  readonly retired: number;
  readonly checkpoints: number;
  /** Opened by an administrator after something that was signed had been lost; named in any case. */
  readonly epochs: readonly Epoch[];
  /** Lowest index first; not all of them where there are very many. */
  readonly findings: readonly Finding[];
  readonly finding_count: number;
  readonly seconds: number;
}

interface Finding {
  readonly code: string;
  readonly message: string;
  readonly index?: number;
  /** The first entry that may have been altered, and the one after the last. */
  readonly from?: number;
  readonly to?: number;
  readonly stream?: string;
  readonly checkpoint?: string;
}

/** The verdict, and what it rests on. */
export function renderVerification(result: Verification, width: number): string {
  const { ok, entries, streams, checkpoints, epochs, pending, retired, size, root, seconds } =
    result;
  const verdict = ok
    ? colours.green('the ledger is whole')
    : colours.red('the ledger is not what it should be');
  const parts = [
    counted(entries, 'entry', 'entries'),
    counted(streams, 'stream'),
    counted(checkpoints, 'checkpoint'),
    ...(pending > 0 ? [`${pending} on the way into the tree`] : []),
    ...(retired > 0 ? [`${retired} with retired payloads`] : []),
  ];
  return [
    `${verdict}: ${parts.join(', ')} (${seconds.toFixed(1)} s)`,
    colours.dim(`size ${size}  root ${root}`),
    ...epochs.map((epoch) => renderEpoch(epoch, width)),
  ].join('\n');
}

const SHOWN = 20;

/** The failure of a ledger that does not verify: the first finding, then the others. */
export function verificationFailure({ findings, finding_count }: Verification): CommandFailure {
  const [first] = findings;
  const over = finding_count - Math.min(findings.length, SHOWN);
  const which = first ? `; first: ${placeOf(first)}: ${safeLine(first.message)}` : '';
  return new CommandFailure(`the ledger does not verify${which}`, {
    exitCode: EXIT.refused,
    details: [
      ...findings.slice(0, SHOWN).map((finding) => ({
        at: `${placeOf(finding)}: ${finding.code}`,
        message: safeLine(finding.message),
      })),
      ...(over > 0 ? [{ at: '', message: `… and ${over} more` }] : []),
    ],
    next: 'keep the database and the checkpoints outside it as they are, and find out who wrote to them',
  });
}

function placeOf({ index, from, to, stream, checkpoint }: Finding): string {
  const range = from === undefined ? '' : `entries ${from} to ${(to ?? from + 1) - 1}`;
  const parts = [
    index === undefined ? range : `entry ${index}`,
    stream ?? '',
    checkpoint === undefined ? '' : `checkpoint ${checkpoint}`,
  ];
  return parts.filter((part) => part !== '').join(' ') || 'ledger';
}
