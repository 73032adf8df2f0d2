import { canonicalJson } from '../ledger/canonical.ts';
import { LIMITS } from './field-shapes.ts';
import { isMapping, quote, type RawRecord, type Remarks } from './import-remarks.ts';

/** The columns and keys of an exemptions file of Enterprise Policy as Code, and what its exports add. */
export const EPAC_KEYS = [
  'name',
  'displayName',
  'description',
  'exemptionCategory',
  'expiresOn',
  'scope',
  'policyAssignmentId',
  'assignmentReferenceId',
  'policyDefinitionReferenceIds',
  'resourceSelectors',
  'metadata',
  'assignmentScopeValidation',
  'status',
  'expiresInDays',
] as const;

/** Whether these are the keys of an exemption. */
export function isEpac(keys: readonly string[]): boolean {
  return (
    keys.includes('exemptionCategory') &&
    (keys.includes('policyAssignmentId') || keys.includes('assignmentReferenceId'))
  );
}

/** An exemption as a record, where its fields come from, and what tells it from all others. */
export interface EpacReading {
  readonly record: RawRecord;
  /** The key of the file by the field that it became. */
  readonly sources: ReadonlyMap<string, string>;
  readonly givenId: string | undefined;
}

const SOURCES = new Map([
  ['title', 'displayName'],
  ['justification', 'description'],
  ['expires_at', 'expiresOn'],
  ['policy_ref', 'policyAssignmentId'],
  ['external_ids', 'name'],
]);

/**
 * Reads an exemption as a record: what has no field is kept in `external_ids` or reported, and
 * nothing is guessed. Fields of ours may stand beside the keys of the file.
 */
export function readEpac(exemption: RawRecord, remarks: Remarks): EpacReading {
  const given = Object.fromEntries(
    EPAC_KEYS.map((key) => [key, isEmpty(exemption[key]) ? undefined : exemption[key]]),
  ) as Readonly<Record<(typeof EPAC_KEYS)[number], unknown>>;
  const own = Object.entries(exemption).filter(
    ([key]) => !(EPAC_KEYS as readonly string[]).includes(key),
  );
  const record: Record<string, unknown> = {
    title: given.displayName ?? given.name,
    justification: given.description,
    expires_at: given.expiresOn,
    policy_ref: policyRefs(given),
    scope: given.scope === undefined ? undefined : { resources: texts(given.scope) },
    ...Object.fromEntries(own),
  };
  const environment = environmentOf(record.environment ?? metadataOf(given)?.environment);
  if (environment) {
    record.environment = environment;
    record.control ??= environment === 'prod' ? 'azure-policy-prod' : 'azure-policy-nonprod';
  } else if (record.control === undefined) {
    remarks.note(
      ['exemptionCategory'],
      'whether it is in production cannot be known, so control is left out; set environment and control (azure-policy-prod or azure-policy-nonprod) before it is submitted',
      'field',
    );
  }
  for (const key of ['status', 'expiresInDays'] as const) {
    if (given[key] === undefined) continue;
    remarks.note(
      [key],
      `${quote(given[key])} follows from expiresOn, and is not imported`,
      'decided',
    );
  }
  record.external_ids = [...texts(record.external_ids), ...keptIds(given, remarks)];
  return {
    record: Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)),
    sources: given.displayName === undefined ? new Map([...SOURCES, ['title', 'name']]) : SOURCES,
    givenId: armId(given),
  };
}

/** The exemption's id in Azure: its name alone is taken once in every scope. */
function armId({ scope, name }: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof name !== 'string') return undefined;
  const where = texts(scope).join('&');
  const id =
    where === '' ? name : `${where}/providers/Microsoft.Authorization/policyExemptions/${name}`;
  return id.toLowerCase();
}

function policyRefs(given: Readonly<Record<string, unknown>>): string[] | undefined {
  const assignments = [given.policyAssignmentId, given.assignmentReferenceId].flatMap(texts);
  const definitions = texts(given.policyDefinitionReferenceIds);
  if (assignments.length === 0) return undefined;
  const parts = definitions.map((id) => `#${encodeURIComponent(id)}`);
  return assignments.flatMap((assignment) => {
    const link = encodeURI(assignment);
    return parts.length === 0 ? [link] : parts.map((part) => link + part);
  });
}

/** What no field is for, as `key:value`. */
function keptIds(given: Readonly<Record<string, unknown>>, remarks: Remarks): string[] {
  const keep = (key: string, value: unknown): string[] => {
    const entry = `${key}:${typeof value === 'string' ? value : jsonOf(value)}`;
    if (entry.length <= LIMITS.title) return [entry];
    remarks.note(
      [key.split('.')[0] ?? key],
      `${key} is longer than an external id may be (${LIMITS.title} characters), and is not imported`,
      'size',
    );
    return [];
  };
  const metadata = metadataOf(given);
  return [
    ...(typeof given.name === 'string' ? [given.name] : []),
    ...['exemptionCategory', 'assignmentScopeValidation', 'resourceSelectors'].flatMap((key) =>
      given[key] === undefined ? [] : keep(key, given[key]),
    ),
    ...(metadata
      ? Object.entries(metadata).flatMap(([key, value]) => keep(`metadata.${key}`, value))
      : given.metadata === undefined
        ? []
        : keep('metadata', given.metadata)),
  ];
}

function metadataOf({ metadata }: Readonly<Record<string, unknown>>): RawRecord | undefined {
  if (isMapping(metadata)) return metadata;
  if (typeof metadata !== 'string') return undefined;
  try {
    const read: unknown = JSON.parse(metadata);
    return isMapping(read) ? read : undefined;
  } catch {
    return undefined;
  }
}

const ENVIRONMENTS: Readonly<Record<string, string>> = {
  prod: 'prod',
  production: 'prod',
  staging: 'staging',
  dev: 'dev',
  development: 'dev',
};

function environmentOf(value: unknown): string | undefined {
  const name = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return Object.hasOwn(ENVIRONMENTS, name) ? ENVIRONMENTS[name] : undefined;
}

/** A list, or its entries joined by `&` as the CSV form has them. */
function texts(value: unknown): string[] {
  const list = Array.isArray(value) ? value : typeof value === 'string' ? value.split('&') : [];
  return list.map((entry) => String(entry).trim()).filter((entry) => entry !== '');
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === null ||
    (typeof value === 'string' && value.trim() === '') ||
    (Array.isArray(value) && value.length === 0)
  );
}

function jsonOf(value: unknown): string {
  try {
    return canonicalJson(value);
  } catch {
    return String(value);
  }
}
