import { type Attribute, attributeNamed, type ResourceKind } from './scim-attributes.ts';
import { isStorable, ScimRefusal, shown } from './scim-refusal.ts';

/** A value of an attribute as Lapse keeps it. */
export type ScimValue = string | boolean | Document | readonly Document[];
/** What is kept of a resource, by the names of RFC 7643; what is not assigned is not there. */
export interface Document {
  readonly [name: string]: ScimValue;
}

const TEXT = 300;
/** More values of one attribute than this are no person's; more members, no group of an application. */
const VALUES = 20;
export const MEMBERS = 10_000;

/** What a whole resource says; refuses unknown attributes, wrong types, and what is required and not there. */
export function readDocument(body: unknown, kind: ResourceKind): Document {
  if (!isObject(body))
    throw new ScimRefusal('invalidSyntax', `the body must be a ${kind.name} in JSON`);
  const { schemas } = body;
  if (schemas !== undefined && !(Array.isArray(schemas) && schemas.includes(kind.schema)))
    throw new ScimRefusal('invalidSyntax', `schemas must contain ${kind.schema}`);
  const isLeft = (name: string) =>
    kind.leftSchemas.some((one) => one.toLowerCase() === name.toLowerCase());
  const entries = Object.entries(body).filter(([name]) => !isLeft(name));
  const document = readParts(kind.attributes, Object.fromEntries(entries), '');
  assertComplete(document, kind);
  return document;
}

/** Refuses a resource without what every one of its kind has. */
export function assertComplete(document: Document, kind: ResourceKind): void {
  for (const { name, required } of kind.attributes)
    if (required && document[name] === undefined)
      throw new ScimRefusal('invalidValue', `a ${kind.name} needs ${name}`);
}

/** What an attribute is set to; `undefined` where the value says that it is not assigned. */
export function readValue(attribute: Attribute, value: unknown, at: string): ScimValue | undefined {
  const { multiValued, type, name } = attribute;
  if (value === null || value === undefined || value === '') return undefined;
  if (multiValued) {
    const list = Array.isArray(value) ? value : [value];
    const most = name === 'members' ? MEMBERS : VALUES;
    if (list.length > most) throw new ScimRefusal('tooMany', `${at} has more than ${most} values`);
    return list.map((one, index) => readParts(attribute.sub ?? [], one, `${at}.${index}`));
  }
  if (type === 'complex') return readParts(attribute.sub ?? [], value, at);
  return type === 'boolean' ? readBoolean(value, at) : readText(value, at);
}

// Entra ID has sent booleans as texts, with a capital letter.
function readBoolean(value: unknown, at: string): boolean {
  if (typeof value === 'boolean') return value;
  const text = typeof value === 'string' ? value.toLowerCase() : '';
  if (text === 'true' || text === 'false') return text === 'true';
  throw new ScimRefusal('invalidValue', `${at} must be true or false, and is ${shown(value)}`);
}

function readText(value: unknown, at: string): string | undefined {
  const text = typeof value === 'string' ? value.trim() : undefined;
  if (text === '') return undefined;
  if (text === undefined)
    throw new ScimRefusal('invalidValue', `${at} must be a text, and is ${shown(value)}`);
  if (text.length > TEXT || !isStorable(text))
    throw new ScimRefusal(
      'invalidValue',
      `${at} must have at most ${TEXT} characters, none of them a control character`,
    );
  return text;
}

function readParts(attributes: readonly Attribute[], value: unknown, at: string): Document {
  if (!isObject(value))
    throw new ScimRefusal('invalidValue', `${at} must be an object, and is ${shown(value)}`);
  const read: Record<string, ScimValue> = {};
  for (const [name, given] of Object.entries(value)) {
    const path = at === '' ? name : `${at}.${name}`;
    const attribute = attributeNamed(attributes, name);
    if (!attribute) {
      const known = attributes.filter(({ use }) => use === 'kept').map((one) => one.name);
      const passes = `${known.join(', ')} would pass`;
      throw new ScimRefusal('invalidSyntax', `${shown(path)} is not known; ${passes}`);
    }
    if (attribute.use !== 'kept') continue;
    const kept = readValue(attribute, given, path);
    if (kept !== undefined) read[attribute.name] = kept;
  }
  for (const { name, required } of at === '' ? [] : attributes)
    if (required && read[name] === undefined)
      throw new ScimRefusal('invalidValue', `${at} needs ${name}`);
  return read;
}

/** Whether JSON is an object. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
