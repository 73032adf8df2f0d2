import { CommanderError } from 'commander';
import { createProgram } from './program.ts';
import { endWithReader } from './terminal/output.ts';

endWithReader();
try {
  await createProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Help that was asked for is no mistake; all else of commander's is wrong usage.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    const { reportFailure } = await import('./terminal/report-failure.ts');
    process.exitCode = reportFailure(error);
  }
}
