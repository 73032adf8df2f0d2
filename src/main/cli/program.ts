import type { Command } from 'commander';
import { createBareProgram } from './bare-program.ts';
import { addAdministrationCommands } from './commands/administration-commands.ts';
import { addCheckCommand } from './commands/check-command.ts';
import { addCompletionCommands } from './commands/completion-commands.ts';
import { addGrantCommands } from './commands/grant-commands.ts';
import { addLifecycleCommands } from './commands/lifecycle-commands.ts';
import { addPeopleCommands } from './commands/people-commands.ts';
import { addPolicyCommands } from './commands/policy-commands.ts';
import { addReconciliationCommands } from './commands/reconciliation-commands.ts';
import { addRecordCommands } from './commands/record-commands.ts';
import { addRegisterCommands } from './commands/register-commands.ts';
import { addRenderCommands } from './commands/render-commands.ts';
import { addServerCommands } from './commands/server-commands.ts';
import { addSignInCommands } from './commands/sign-in-commands.ts';
import { addTenantCommands } from './commands/tenant-commands.ts';

/** The whole command line. Its commands load what they need when they run, so that it starts at once. */
export function createProgram(): Command {
  const program = createCommands();
  addCompletionCommands(program, createCommands);
  return program;
}

/** All commands but those of completion, which are made from these. */
function createCommands(): Command {
  const program = createBareProgram();
  addRegisterCommands(program);
  addLifecycleCommands(program);
  addRecordCommands(program);
  addReconciliationCommands(program);
  addCheckCommand(program);
  addGrantCommands(program);
  addRenderCommands(program);
  addPolicyCommands(program);
  addAdministrationCommands(program);
  addSignInCommands(program);
  addPeopleCommands(program);
  addTenantCommands(program);
  addServerCommands(program);
  return program;
}
