import { createBareProgram } from './bare-program.ts';
import { addCheckCommand } from './commands/check-command.ts';
import { runProgram } from './run-program.ts';

/** The command line with `check` alone. */
export async function runCheckCommand(): Promise<void> {
  const program = createBareProgram();
  addCheckCommand(program);
  await runProgram(program);
}
