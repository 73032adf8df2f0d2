import { parseArgs } from 'node:util';
import { printFailure, printTable, summaryLine, watch } from './check-report.ts';
import { CHECKS, type Check, type CheckName } from './checks.ts';
import { type CheckResult, runCheck } from './run-check.ts';

/** As many checks at once as a small machine has cores. */
const AT_ONCE = 2;

/**
 * Runs the checks: the cheap ones two at a time, then the test suites one after the other, which
 * use all cores themselves. A failure does not stop the rest.
 */
async function runAll(checks: readonly Check[]): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  const waiting = checks.filter((check) => !check.alone);
  const work = async () => {
    for (let check = waiting.shift(); check; check = waiting.shift()) {
      results.push(await report(check));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  for (const check of checks.filter((each) => each.alone)) results.push(await report(check));
  return checks.flatMap((check) => results.find((result) => result.name === check.name) ?? []);
}

async function report(check: Check): Promise<CheckResult> {
  const stopWatching = watch(check.name);
  const result = await runCheck(check);
  stopWatching(result);
  if (result.failed > 0) printFailure(result);
  return result;
}

function chosen(): readonly Check[] {
  const { values } = parseArgs({ options: { only: { type: 'string', multiple: true } } });
  const names = values.only?.flatMap((each) => each.split(','));
  if (!names) return CHECKS;
  const unknown = names.find((name) => !CHECKS.some((check) => check.name === name));
  if (unknown === undefined) return CHECKS.filter(({ name }) => names.includes(name as CheckName));
  const known = CHECKS.map(({ name }) => name).join(', ');
  process.stderr.write(`There is no check "${unknown}". --only takes: ${known}\n`);
  process.exit(2);
}

const results = await runAll(chosen());
printTable(results);
process.stdout.write(`${summaryLine(results)}\n`);
process.exitCode = results.some((result) => result.failed > 0) ? 1 : 0;
