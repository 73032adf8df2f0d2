import { safeText } from '../terminal/output.ts';
import type { CheckRun, Finding } from './findings.ts';

const COMMANDS = { error: 'error', warning: 'warning', note: 'notice' } as const;

/**
 * The findings as workflow commands of GitHub Actions, which shows them at their lines. Whatever
 * comes from a file is escaped, so that none can give a command of its own.
 * Source: docs.github.com, "Workflow commands for GitHub Actions"; actions/toolkit, command.ts.
 */
export function reportGithub({ files }: CheckRun): string {
  return files
    .flatMap(({ name, findings }) => findings.map((finding) => `${command(name, finding)}\n`))
    .join('');
}

function command(file: string, { line, column, level, rule, path, message }: Finding): string {
  const properties = Object.entries({ file, line, col: column, title: `lapse ${rule}` })
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`)
    .join(',');
  const text = path === '' ? message : `${path}: ${message}`;
  return `::${COMMANDS[level]} ${properties}::${escapeData(text)}`;
}

function escapeData(text: string): string {
  return safeText(text).replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
