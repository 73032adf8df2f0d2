import { readFile } from 'node:fs/promises';
import { RECORD_FIELDS } from '@lapse/client';
import { yamlReason } from '../../../platform/config/yaml-reason.ts';
import { usageFailure } from '../terminal/command-failure.ts';
import { dateAsInstant } from '../terminal/read-time.ts';
import { unreadable } from '../terminal/system-reason.ts';

/** Fields by name, as they are sent: the server checks them. */
export type Fields = Record<string, unknown>;

/** The fields in a YAML or JSON file; `-` reads standard input. */
export async function fieldsOfFile(path: string): Promise<Fields> {
  return fieldsOfText(await textOfFile(path), path);
}

/** The fields in a YAML or JSON text. */
export async function fieldsOfText(text: string, name: string): Promise<Fields> {
  return withInstants(
    await mappingOf(text, name, {
      what: 'one record',
      next: 'write one `field: value` a line; `lapse import` reads files of many records',
    }),
  );
}

/** What a YAML or JSON file holds, `-` standard input, where that is one mapping. */
export async function mappingOfFile(
  path: string,
  expected: { readonly what: string; readonly next: string },
): Promise<Fields> {
  return mappingOf(await textOfFile(path), path, expected);
}

async function textOfFile(path: string): Promise<string> {
  try {
    return await readFile(path === '-' ? '/dev/stdin' : path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
}

async function mappingOf(
  text: string,
  name: string,
  { what, next }: { readonly what: string; readonly next: string },
): Promise<Fields> {
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw usageFailure(`${name} is not YAML: ${yamlReason(error)}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw usageFailure(`${name} does not hold ${what}`, next);
}

/** Dates become instants wherever the API takes instants alone. */
export function withInstants(fields: Fields): Fields {
  const result = { ...fields };
  for (const { name, kind } of RECORD_FIELDS) {
    if (kind === 'instant' && name in result) result[name] = dateAsInstant(result[name]);
  }
  const plan = result.remediation_plan as { steps?: unknown } | null | undefined;
  if (typeof plan === 'object' && Array.isArray(plan?.steps)) {
    const steps = plan.steps.map((step: unknown) =>
      typeof step === 'object' && step !== null && 'due' in step
        ? { ...step, due: dateAsInstant(step.due) }
        : step,
    );
    result.remediation_plan = { ...plan, steps };
  }
  return result;
}
