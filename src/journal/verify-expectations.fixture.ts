import { expect } from 'vitest';
import type { Finding } from './verify-findings.ts';
import type { TamperedRegister } from './verify-tampering.fixture.ts';

/** What of each finding says where and what; messages are for people. */
export function placesOf(findings: readonly Finding[]): object[] {
  return findings.map(({ message: _, ...place }) => place);
}

/**
 * Tampers, expects exactly these findings and this first failing index, undoes it, and expects that
 * the ledger is sound again.
 */
export async function expectFindings(
  lab: TamperedRegister,
  tamper: () => Promise<unknown>,
  expected: readonly object[],
  failing: number | null,
): Promise<void> {
  const result = await lab.whileTampered(tamper);
  expect(placesOf(result.findings)).toEqual(expected);
  expect(result).toMatchObject({ ok: false, first_failing: failing });
  expect(result.finding_count).toBe(expected.length);
  expect(await lab.verify()).toMatchObject({ ok: true, findings: [] });
}
