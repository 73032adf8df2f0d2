import { formatInstant } from '../../../domain/schedule/instant.ts';
import type { CheckOptions } from '../check/check-options.ts';
import type { CheckedFile } from '../check/findings.ts';
import { readSource } from '../check/read-source.ts';
import { readPackFile } from '../policy/pack-file.ts';
import { eachOnce, tellFindings } from './check-files.ts';

/** `lapse policy check FILE…`: what is wrong with packs, without a server. Exit 1 where anything is. */
export async function checkPacks(names: readonly string[], options: CheckOptions): Promise<void> {
  const files: CheckedFile[] = [];
  for (const name of eachOnce(names)) {
    const { checked } = await readPackFile(name === '-' ? 'stdin' : name, readSource(name));
    files.push(checked);
  }
  const asOf = formatInstant(Date.now());
  await tellFindings({ files, noun: 'pack', asOf, policy: '', policyDigest: '' }, options);
}
