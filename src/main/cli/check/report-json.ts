import type { CheckRun } from './findings.ts';

/** The findings for programs of one's own. */
export function reportJson(run: CheckRun): string {
  const { files, counts, records, asOf, policy, policyDigest, ok } = run;
  const answer = {
    ok,
    as_of: asOf,
    policy,
    policy_digest: policyDigest,
    records,
    errors: counts.error,
    warnings: counts.warning,
    notes: counts.note,
    files: files.map((file) => ({
      file: file.name,
      records: file.records,
      findings: file.findings,
      unlisted: file.unlisted,
      ...(file.unreadable === undefined ? {} : { unreadable: file.unreadable }),
    })),
  };
  return `${JSON.stringify(answer, null, 2)}\n`;
}
