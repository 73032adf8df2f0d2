import { CHECK_RULES } from '../../../domain/exception/check-rules.ts';
import { formatInstant } from '../../../domain/schedule/instant.ts';
import type { CheckOptions } from '../check/check-options.ts';
import { addCounts, type CheckedFile, type Finding } from '../check/findings.ts';
import { readSource } from '../check/read-source.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { connect } from '../terminal/connection.ts';
import { safeLine } from '../terminal/output.ts';
import { progressLine } from '../terminal/progress-line.ts';
import { judge, keysOf, type Register } from '../terraform/cover-access.ts';
import { accessOf, type PlannedAccess, UnknownAccess } from '../terraform/planned-access.ts';
import { NoPlan, type PlannedChange, readPlan } from '../terraform/read-plan.ts';
import { readRegister } from '../terraform/read-register.ts';
import { eachOnce, tellFindings } from './check-files.ts';

/** INTERFACE, Records: Limits. */
const MOST_BYTES = 50 * 1024 ** 2;
/** Findings that are listed; those beyond are counted. */
const LISTED = 1_000;

/** A change with what it gives, or why that cannot be told. */
interface ReadChange {
  readonly change: PlannedChange;
  readonly access: PlannedAccess | UnknownAccess;
}

/**
 * `lapse check terraform-plan FILE`: whether exceptions in force cover the access that a plan gives.
 * Exit 1 where one does not or it cannot be told, 2 for what is no plan, 3 where the register could not
 * be asked or the plan is not whole.
 */
export async function checkTerraformPlan(file: string, options: CheckOptions): Promise<void> {
  eachOnce([file]);
  const name = file === '-' ? 'stdin' : file;
  const progress = progressLine();
  progress.follow((seconds) => `checking ${safeLine(name)} (${seconds} s)`);
  let checked: CheckedFile;
  try {
    checked = await checkPlan(name, await textOf(file), options);
  } catch (error) {
    if (!(error instanceof NoPlan)) throw error;
    if (!error.isUndecided) {
      throw usageFailure(
        `${name} cannot be checked: ${error.message}`,
        'terraform plan -out=plan.bin && terraform show -json plan.bin > plan.json',
      );
    }
    const counts = addCounts([]);
    checked = { name, records: 0, counts, findings: [], unlisted: 0, unreadable: error.message };
  } finally {
    progress.done();
  }
  const asOf = formatInstant(Date.now());
  const run = { files: [checked], noun: 'change of access', asOf, policy: '', policyDigest: '' };
  await tellFindings({ ...run, nouns: 'changes of access' }, options);
}

async function textOf(file: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of readSource(file)) {
    size += piece.length;
    if (size > MOST_BYTES) throw new NoPlan('it is larger than 50 MB: plan in parts', true);
    pieces.push(piece);
  }
  return Buffer.concat(pieces)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}

async function checkPlan(
  name: string,
  text: string,
  { quiet = false }: CheckOptions,
): Promise<CheckedFile> {
  const changes = readPlan(text).flatMap(readChange);
  const keys = changes.flatMap(({ access }) =>
    access instanceof UnknownAccess ? [] : keysOf(access),
  );
  // Without anything to ask about no server is needed.
  const register =
    keys.length > 0
      ? await readRegister(connect(), new Set(keys))
      : { grants: [], records: new Map() };
  const findings = changes.map((each) => findingOf(each, register));
  const told = findings.filter(({ level }) => !quiet || level === 'error');
  const count = (wanted: Finding['level']) =>
    findings.filter(({ level }) => level === wanted).length;
  return {
    name,
    records: changes.length,
    counts: { error: count('error'), warning: count('warning'), note: count('note') },
    findings: told.slice(0, LISTED),
    unlisted: Math.max(0, told.length - LISTED),
  };
}

function readChange(change: PlannedChange): ReadChange[] {
  try {
    const access = accessOf(change);
    return access ? [{ change, access }] : [];
  } catch (error) {
    if (error instanceof UnknownAccess) return [{ change, access: error }];
    throw error;
  }
}

function findingOf({ change, access }: ReadChange, register: Register): Finding {
  const { address: path, line, column } = change;
  const { rule, message } =
    access instanceof UnknownAccess
      ? { rule: 'access-unknown' as const, message: `what it gives is not told: ${access.message}` }
      : judge(access, register);
  return { line, column, path, rule, level: CHECK_RULES[rule].level, message };
}
