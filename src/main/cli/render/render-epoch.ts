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
  const wrapped = (line: string) => wrapTo(line, width);
  return [
    ...wrapped(`The ledger has diverged: ${safeLine(detail)}.`),
    ...wrapped(`The tree has ${counted(tree_size, 'entry', 'entries')}. A new epoch gives up`),
    ...lossLines(loss, width),
    ...wrapped(
      'Where the newest copy of the database still exists, put it back instead: then nothing is lost.',
    ),
  ].join('\n');
}

/** An epoch as it was opened: when, by whom, and what it gave up. */
export function renderEpoch(epoch: Epoch, width: number): string {
  const { opened_at, opened_by, reason } = epoch;
  const by = `${safeLine(opened_by.name)} (${safeLine(opened_by.id)})`;
  const head = `epoch ${epoch.epoch} was opened ${timeText(opened_at)} by ${by}, giving up`;
  return [
    ...wrapTo(head, width).map(colours.yellow),
    ...lossLines(epoch, width),
    ...hanging(`reason: ${safeLine(reason)}`, width),
  ].join('\n');
}

function lossLines({ fork_size, lost_entries, given_up }: EpochLoss, width: number): string[] {
  const kept = `the first ${fork_size.toLocaleString('en')}, which are as they were signed`;
  return [
    `${counted(lost_entries, 'signed entry', 'signed entries')} after ${kept}`,
    ...given_up.map(
      ({ origin, size }) =>
        `the checkpoint of ${counted(size, 'entry', 'entries')} of ${safeLine(origin)}`,
    ),
  ].flatMap((line) => hanging(line, width));
}

function hanging(line: string, width: number): string[] {
  return wrapTo(line, width - 4).map((part, at) => `${at === 0 ? '  ' : '    '}${part}`);
}
