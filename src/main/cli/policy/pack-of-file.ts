import type { Policy } from '../../../domain/policy/policy.ts';
import { readSource } from '../check/read-source.ts';
import { reportText } from '../check/report-text.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { remark, terminalWidth } from '../terminal/output.ts';
import { unreadable } from '../terminal/system-reason.ts';
import { readPackFile } from './pack-file.ts';

/**
 * The pack in a file; says what is wrong with it and refuses, where anything is: with 1 where the
 * command is about the pack, with 2 where the pack is how something else is to be done.
 */
export async function packOfFile(path: string, exitCode: number = EXIT.refused): Promise<Policy> {
  const { checked, policy } = await readPackFile(path, readSource(path));
  if (checked.unreadable !== undefined) throw unreadable(path, new Error(checked.unreadable));
  if (policy) return policy;
  const { counts, records } = checked;
  const files = [checked];
  const run = { files, records, noun: 'pack', counts, asOf: '', ok: false };
  const nothing = { policy: '', policyDigest: '' };
  remark(reportText({ ...run, ...nothing }, process.stderr.isTTY ? terminalWidth() : undefined));
  throw new CommandFailure(`${path} is no pack that could be put in force`, {
    exitCode,
    next: 'mend it; `lapse policy check` says the same without a server',
  });
}
