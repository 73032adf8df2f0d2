import { RECORD_FIELDS } from '@lapse/client';
import { yamlReason } from '../../../platform/config/yaml-reason.ts';
import { usageFailure } from '../terminal/command-failure.ts';

/** Reads `path=value` of `--set`: a dotted path, and a value in YAML. */
export async function readSetting(setting: string): Promise<[path: string[], value: unknown]> {
  const at = setting.indexOf('=');
  if (at < 1) {
    throw usageFailure(
      `--set takes path=value, not ${setting}`,
      'for example --set environment=prod or --set remediation_plan.closure_criteria.0.text="…"',
    );
  }
  const path = setting.slice(0, at).trim().split('.');
  const text = setting.slice(at + 1);
  const { parse } = await import('yaml');
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw usageFailure(`the value of ${path.join('.')} is not YAML: ${yamlReason(error)}`);
  }
  // An id such as 0217 or a title such as 2026 is a text, however much it looks like a number.
  const isText = path.length === 1 && TEXTS.has(path[0] ?? '');
  return [path, isText && (typeof value === 'number' || typeof value === 'boolean') ? text : value];
}

const TEXTS: ReadonlySet<string> = new Set(
  RECORD_FIELDS.filter(({ kind }) => kind !== 'number' && !kind.startsWith('structure')).map(
    ({ name }) => name,
  ),
);
