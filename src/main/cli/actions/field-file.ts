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
  let text: string;
  try {
    text = await readFile(path === '-' ? '/dev/stdin' : path, 'utf8');
  } catch (error) {
    throw unreadable(path, error);
  }
  return fieldsOfText(text, path);
}

/** The fields in a YAML or JSON text. */
export async function fieldsOfText(text: string, name: string): Promise<Fields> {
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw usageFailure(`${name} is not YAML: ${yamlReason(error)}`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return withInstants(value as Fields);
  }
  throw usageFailure(
    `${name} does not hold one record`,
    'write one `field: value` a line; `lapse import` reads files of many records',
  );
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
