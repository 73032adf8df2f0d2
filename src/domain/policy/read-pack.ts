import type { FieldError } from '../errors.ts';
import { LIMITS } from '../exception/field-shapes.ts';
import type { Parsed } from '../exception/parse-fields.ts';
import { fieldErrors } from '../field-errors.ts';
import { checkPolicy, type PackFinding } from './check-policy.ts';
import { checkTemplates } from './check-templates.ts';
import type { Policy } from './policy.ts';
import { PACK_KEYS, policyPack } from './policy-pack.ts';
import { reservedInTemplate } from './request-template.ts';

/** What came of reading a pack: the pack, or everything that is wrong with it. */
export type PackReading =
  | { readonly policy: Policy }
  | { readonly findings: readonly [PackFinding, ...PackFinding[]] };

/** Reads a pack from an untrusted value; one with findings may not be put in force. */
export function readPack(value: unknown): PackReading {
  const parsed = policyPack.safeParse(value);
  if (!parsed.success) {
    const errors = fieldErrors(parsed.error, { at: keysAt, reserved: reservedInTemplate });
    return { findings: errors.map((error) => shapeFinding(error, value)) as [PackFinding] };
  }
  // As JSON holds it, without keys whose value is undefined: the digest is of these bytes.
  const policy = JSON.parse(JSON.stringify(parsed.data)) as Policy;
  const bytes = new TextEncoder().encode(JSON.stringify(policy)).length;
  if (bytes > LIMITS.recordBytes) {
    const message = `has ${bytes.toLocaleString('en')} bytes; a pack may have at most ${LIMITS.recordBytes.toLocaleString('en')} (256 KB)`;
    return { findings: [{ check: 'pack-shape', rule: '', path: [], message }] };
  }
  const [first, ...more] = [...checkPolicy(policy), ...checkTemplates(policy)];
  return first ? { findings: [first, ...more] } : { policy };
}

/** As `readPack`, with the findings as problems of fields. */
export function parsePack(value: unknown): Parsed<Policy> {
  const reading = readPack(value);
  if ('policy' in reading) return { value: reading.policy };
  const errors = reading.findings.map(({ path, message, rule }) => ({
    path: path.join('.'),
    message: rule === '' ? message : `${message} [${rule}]`,
  }));
  return { errors };
}

/** The keys that an object of a pack may have. */
function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const names = path.filter((part) => typeof part === 'string');
  return PACK_KEYS[names.join('.')] ?? [];
}

function shapeFinding({ path, message }: FieldError, value: unknown): PackFinding {
  const parts =
    path === '' ? [] : path.split('.').map((part) => (/^\d+$/.test(part) ? Number(part) : part));
  return { check: 'pack-shape', rule: ruleAt(value, parts), path: parts, message };
}

/** The id of the rule, or the name of the template, that a path leads into, where it has one. */
function ruleAt(value: unknown, [list, index]: readonly (string | number)[]): string {
  if ((list !== 'rules' && list !== 'templates') || typeof index !== 'number') return '';
  const { [list]: entries } = value as {
    [List in typeof list]?: { id?: unknown; name?: unknown }[];
  };
  const entry = Array.isArray(entries) ? entries[index] : undefined;
  const id = list === 'rules' ? entry?.id : entry?.name;
  return typeof id === 'string' ? id.slice(0, 80) : '';
}
