import type { Manifest } from '../../../features/backup/manifest.ts';
import type { RestoredTenant } from '../../../features/backup/restore-backup.ts';
import type { RestoredBackup } from '../../restore.ts';
import { colours } from '../terminal/colours.ts';
import { safeLine, terminalWidth } from '../terminal/output.ts';
import { wrapTo } from '../terminal/text-layout.ts';
import { counted, timeText } from './time-text.ts';

/** What was restored, what verification found, and what somebody has to know or to do. */
export function renderRestore(manifest: Manifest, restored: RestoredBackup): string {
  const { tenants, configFile } = restored;
  const { created_at, lapse_version } = manifest;
  const isOlder = tenants.some(({ later }) => later);
  return [
    `restored ${counted(tenants.length, 'tenant')} as of ${timeText(created_at)}, backed up by Lapse ${lapse_version}`,
    ...tenants.flatMap(tenantLines),
    ...(configFile ? [configLine(configFile)] : []),
    ...(isOlder ? [] : paragraph(UNKNOWN, (text) => colours.dim(text))),
    isOlder
      ? `${colours.cyan('next:')} restore a newer backup elsewhere, or see \`lapse ledger new-epoch --help\``
      : `${colours.cyan('next:')} lapse serve`,
  ].join('\n');
}

const UNKNOWN =
  'No checkpoint that is known here was signed for more than that. If you keep one elsewhere, restore with --checkpoint FILE: it tells whether anything was recorded after the backup.';

function tenantLines({ tenant, verification, later }: RestoredTenant): string[] {
  const { entries, streams, checkpoints, pending, size, root } = verification;
  const parts = [
    counted(entries, 'entry', 'entries'),
    counted(streams, 'stream'),
    counted(checkpoints, 'checkpoint'),
    ...(pending > 0 ? [`${pending} on the way into the tree`] : []),
  ];
  return [
    `${colours.bold(safeLine(tenant.name))}: ${colours.green('the ledger is whole')}`,
    ...paragraph(parts.join(', '), (text) => text),
    `  ${colours.dim(`size ${size}  root ${root}`)}`,
    ...(later ? paragraph(olderText(later, size), (text) => colours.yellow(text)) : []),
  ];
}

function olderText(later: NonNullable<RestoredTenant['later']>, size: number): string {
  return `warning: the backup is older than what was signed: checkpoint ${safeLine(later.name)} ${missingText(later, size)} This register can only be read until an administrator opens a new epoch of its ledger.`;
}

function missingText(later: NonNullable<RestoredTenant['later']>, size: number): string {
  const entries = counted(later.size, 'entry', 'entries');
  if (later.isOfLaterEpoch)
    return `is of epoch ${later.epoch} of this ledger, with ${entries}, and that epoch was opened after the backup was made: whatever came into the register since is missing. The key of that epoch is not in the backup, so that its signature could not be checked.`;
  const missing = later.size - size;
  const newest =
    missing === 1
      ? 'the newest of them is'
      : `the newest ${missing.toLocaleString('en')} of them are`;
  return `covers ${entries}, and ${newest} missing.`;
}

function configLine({ path, isBeside }: NonNullable<RestoredBackup['configFile']>): string {
  return isBeside
    ? `the configuration of the backup is another than the one here, and lies in ${path}`
    : `the configuration was put back: ${path}`;
}

/** Wrapped and indented, each line coloured. */
function paragraph(text: string, colour: (text: string) => string): string[] {
  return wrapTo(text, terminalWidth() - 2).map((line) => `  ${colour(line)}`);
}
