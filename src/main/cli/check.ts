import { checkFiles } from './actions/check-files.ts';
import { readCheckArguments } from './check/check-options.ts';
import { endWithReader } from './terminal/output.ts';

// `lapse check` runs at every commit, on any Node from 20 on: it is bundled apart from the other
// commands, so that it begins at once. All that is not needed to check a file is loaded when it is.

/** Runs `check` with these arguments; what they are not right for, the command line answers. */
async function runCheck(args: readonly string[]): Promise<void> {
  const given = readCheckArguments(args);
  if (given === undefined) {
    const { runCheckCommand } = await import('./check-program.ts');
    return runCheckCommand();
  }
  endWithReader();
  try {
    await checkFiles(given.files, given.options);
  } catch (error) {
    const { reportFailure } = await import('./terminal/report-failure.ts');
    process.exitCode = reportFailure(error);
  }
}

runCheck(process.argv.slice(3));
