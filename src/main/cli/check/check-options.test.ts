import { Command, CommanderError } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { checkFiles } from '../actions/check-files.ts';
import { addCheckCommand } from '../commands/check-command.ts';
import { readCheckArguments } from './check-options.ts';

vi.mock('../actions/check-files.ts', () => ({ checkFiles: vi.fn() }));

/** What the command line makes of the same arguments; `undefined` for what it does not run. */
async function byCommand(args: readonly string[]) {
  const program = new Command().exitOverride().configureOutput({ writeErr() {}, writeOut() {} });
  addCheckCommand(program);
  vi.mocked(checkFiles).mockClear();
  try {
    await program.parseAsync(['check', ...args], { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return undefined;
    throw error;
  }
  const [[files, options] = []] = vi.mocked(checkFiles).mock.calls;
  return { files, options };
}

describe('arguments of check', () => {
  it.each([
    ['a.yaml'],
    ['a.yaml b.yaml - --quiet'],
    ['--format sarif a.yaml'],
    ['a.yaml --format=junit --max-warnings=0'],
    ['a.yaml --as-of 2026-04-01T00:00:00Z --json'],
    ['a.yaml --as-of yesterday'],
    ['--policy pack.yaml a.yaml'],
    ['a.yaml --policy=-'],
    ['--max-warnings 12 -- --a.yaml'],
    ['a.yaml --format text --format json'],
  ])('are read as the command line reads them: %s', async (line) => {
    const args = line.split(' ');
    const read = readCheckArguments(args);
    expect(read).toBeDefined();
    expect(read).toEqual(await byCommand(args));
  });

  it.each([
    [''],
    ['--help'],
    ['a.yaml --format xml'],
    ['a.yaml --max-warnings -1'],
    ['a.yaml --max-warnings 1.5'],
    ['a.yaml --max-warnings'],
    ['a.yaml --policy'],
    ['a.yaml --unknown'],
    ['a.yaml --quiet=no'],
  ])('that are wrong are left to the command line: %s', async (line) => {
    const args = line === '' ? [] : line.split(' ');
    expect(readCheckArguments(args)).toBeUndefined();
    expect(await byCommand(args)).toBeUndefined();
  });

  it('for a plan of Terraform are left to the command line', () => {
    expect(readCheckArguments(['terraform-plan', 'plan.json'])).toBeUndefined();
    expect(readCheckArguments(['--json', 'terraform-plan', 'plan.json'])).toBeUndefined();
    expect(readCheckArguments(['./terraform-plan'])?.files).toEqual(['./terraform-plan']);
  });
});
