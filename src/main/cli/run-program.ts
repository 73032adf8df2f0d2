import { type Command, CommanderError } from 'commander';
import { endWithReader } from './terminal/output.ts';

/** Runs what was typed, and leaves the exit code of INTERFACE, Command line. */
export async function runProgram(program: Command): Promise<void> {
  endWithReader();
  try {
    await program.parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help that was asked for is no mistake; all else of commander's is wrong usage.
      process.exitCode = error.exitCode === 0 ? 0 : 2;
    } else {
      const { reportFailure } = await import('./terminal/report-failure.ts');
      process.exitCode = reportFailure(error);
    }
  }
}
