import { colours } from '../terminal/colours.ts';
import { safeLine } from '../terminal/output.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import { counted, timeText } from './time-text.ts';

/** What a new epoch gives up. */
export interface EpochLoss {
  /** Up to here the tree agrees with what was signed. */
  readonly fork_size: number;
  readonly lost_entries: number;
  readonly given_up: readonly { readonly origin: string; readonly size: number }[];
}

/** An epoch that was opened. */
export interface Epoch extends EpochLoss {
  readonly epoch: number;
  readonly opened_at: string;
  readonly opened_by: { readonly id: string; readonly name: string };
  readonly reason: string;
}

/** Before an epoch is opened: why, and what is given up by it. */
export function renderDivergence(
  {
    detail,
    tree_size,
    ...loss
  }: EpochLoss & { readonly detail: string; readonly tree_size: number },
  width: number,
): string {
  return [
    `The ledger has diverged: ${safeLine(detail)}.`,
    `It has ${counted(tree_size, 'entry', 'entries')} now. A new epoch gives up`,
    ...lossLines(loss),
    'Where the newest copy of the database still exists, put it back instead: then nothing is lost.',
  ]
    .flatMap((line) => wrapTo(line, width))
    .join('\n');
}

/** An epoch as it was opened: when, by whom, and what it gave up. */
export function renderEpoch(epoch: Epoch, width: number): string {
  const { opened_at, opened_by, reason } = epoch;
  const by = `${safeLine(opened_by.name)} (${safeLine(opened_by.id)})`;
  const head = `epoch ${epoch.epoch} was opened ${timeText(opened_at)} by ${by}, giving up`;
  const [first = '', ...rest] = wrapTo(head, width);
  return [
    colours.yellow(first),
    ...rest.map((line) => colours.yellow(line)),
    ...[...lossLines(epoch), `  reason: ${safeLine(reason)}`].flatMap((line) =>
      hanging(line, width),
    ),
  ].join('\n');
}

function lossLines({ fork_size, lost_entries, given_up }: EpochLoss): string[] {
  const lost = `  ${counted(lost_entries, 'signed entry', 'signed entries')} after the first ${fork_size.toLocaleString('en')}, which are as they were signed`;
  return [
    lost,
    ...given_up.map(
      ({ origin, size }) =>
        `  the checkpoint of ${counted(size, 'entry', 'entries')} of ${safeLine(origin)}`,
    ),
  ];
}

function hanging(line: string, width: number): string[] {
  return wrapTo(line.trimStart(), width - 4).map(
    (part, at) => `${at === 0 ? '  ' : '    '}${part}`,
  );
}
