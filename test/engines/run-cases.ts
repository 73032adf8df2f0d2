import type { EngineCase, Results, VectorFiles } from './case.ts';
import { domainCases } from './domain-cases.ts';
import { ledgerCases } from './ledger-cases.ts';
import { type Plot, storyCases } from './story-cases.ts';

/** What the cases are made from: data alone, so that every engine can be handed it as JSON. */
export interface CaseInput {
  readonly files: VectorFiles;
  readonly plots: readonly Plot[];
}

export function listCases({ files, plots }: CaseInput): EngineCase[] {
  return [...domainCases(files), ...ledgerCases(files), ...storyCases(plots)];
}

/** Runs all cases where this is called. The results are plain JSON. */
export async function runCases(input: CaseInput): Promise<Results> {
  const results: Record<string, unknown> = {};
  for (const { name, run } of listCases(input)) results[name] = asJson(await settle(run));
  return results;
}

async function settle(run: EngineCase['run']): Promise<unknown> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { thrown: error.name, message: error.message };
  }
}

function asJson(value: unknown): unknown {
  return value === undefined ? null : JSON.parse(JSON.stringify(value));
}
