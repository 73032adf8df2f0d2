import type { Command } from 'commander';
import { describe, expect, test } from 'vitest';
import { createProgram } from './program.ts';

/** Every command that does something, by what is typed for it. */
function commandsOf(command: Command, before: readonly string[] = []): [string, Command][] {
  const words = [...before, command.name()];
  const visible = command.createHelp().visibleCommands(command);
  if (visible.length === 0) return [[words.join(' '), command]];
  return visible.flatMap((each) => commandsOf(each, words));
}

const commands = commandsOf(createProgram());

function helpOf(command: Command, width: number): string {
  let help = '';
  command.configureOutput({
    writeOut: (text) => {
      help += text;
    },
    getOutHelpWidth: () => width,
  });
  command.outputHelp();
  return help;
}

describe.each(commands)('%s', (name, command) => {
  const help = helpOf(command, 80);

  test('says what it is for, and shows how it is used', () => {
    expect(command.description()).toMatch(/\w{3}/);
    expect(help).toContain(`Usage: ${name}`);
    const examples = help.split('\nExamples:\n')[1]?.split('\n') ?? [];
    expect(examples.filter((line) => line.includes(name)).length).toBeGreaterThan(0);
  });

  test('says what each option and argument is for', () => {
    const helper = command.createHelp();
    for (const each of helper.visibleOptions(command))
      expect(`${each.flags}: ${each.description}`).toMatch(/: \w/);
    for (const line of help.split('\n').filter((each) => /^\s+(-|<)/.test(each)))
      expect(line).not.toMatch(/\s; /);
  });

  test('fits 80 columns', () => {
    for (const line of help.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
  });

  test('marks the options that have to be given', () => {
    for (const option of command.options.filter(({ mandatory }) => mandatory))
      expect(help.replaceAll(/\s+/g, ' ')).toContain(`${option.description} (required)`);
  });
});

test.each([
  [[]],
  [['ledger']],
  [['token']],
  [['workload']],
  [['people']],
  [['groups']],
  [['policy']],
  [['grants']],
  [['check']],
  [['connection']],
  [['render']],
])('the help of lapse %s fits 80 columns too', (words) => {
  const command = words.reduce<Command>(
    (found, word) => found.commands.find((each) => each.name() === word) ?? found,
    createProgram(),
  );
  for (const line of helpOf(command, 80).split('\n')) expect(line.length).toBeLessThanOrEqual(80);
});

test('every command has a name of its own', () => {
  expect(new Set(commands.map(([name]) => name)).size).toBe(commands.length);
  expect(commands.length).toBeGreaterThan(25);
});
