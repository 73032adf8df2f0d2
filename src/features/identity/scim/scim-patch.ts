import { PATCH_MESSAGE, type ResourceKind } from './scim-attributes.ts';
import {
  assertComplete,
  type Document,
  isObject,
  MEMBERS,
  readValue,
  type ScimValue,
} from './scim-document.ts';
import { type Filter, parsePath, type TargetPath } from './scim-filter.ts';
import { matches } from './scim-matches.ts';
import { ScimRefusal, shown } from './scim-refusal.ts';

const OPERATIONS = 500;
const OPS = ['add', 'replace', 'remove'] as const;
type Op = (typeof OPS)[number];

interface Operation {
  readonly op: Op;
  readonly path: TargetPath;
  readonly value: unknown;
  /** As it was written. */
  readonly at: string;
}

/**
 * A resource after a patch (RFC 7644 section 3.5.2), of which all holds or nothing. It takes what
 * Entra ID and Okta send beside the letter of the standard: operations in capital letters, members
 * to be removed as a value, and paths as keys of a value.
 */
export function patchDocument(document: Document, body: unknown, kind: ResourceKind): Document {
  if (!isObject(body) || !Array.isArray(body.schemas) || !body.schemas.includes(PATCH_MESSAGE))
    throw new ScimRefusal('invalidSyntax', `the body must have ${PATCH_MESSAGE} among its schemas`);
  const { Operations: given } = body;
  if (!Array.isArray(given) || given.length === 0 || given.length > OPERATIONS)
    throw new ScimRefusal('invalidSyntax', `Operations must be a list of 1 to ${OPERATIONS}`);
  let patched = document;
  for (const operation of given.flatMap((one) => readOperation(one, kind)))
    patched = applyOperation(patched, operation);
  assertComplete(patched, kind);
  return patched;
}

function readOperation(given: unknown, kind: ResourceKind): Operation[] {
  if (!isObject(given)) throw new ScimRefusal('invalidSyntax', 'an operation must be an object');
  const { op: name, path, value } = given;
  const op = OPS.find((one) => typeof name === 'string' && name.toLowerCase() === one);
  if (!op)
    throw new ScimRefusal('invalidSyntax', `op is ${shown(name)}; ${OPS.join(', ')} would pass`);
  if (typeof path === 'string') return operationAt(op, path, value, kind);
  if (path !== undefined)
    throw new ScimRefusal('invalidPath', `path must be a text, and is ${shown(path)}`);
  if (op === 'remove') throw new ScimRefusal('noTarget', 'remove needs a path');
  if (!isObject(value))
    throw new ScimRefusal('invalidValue', `without a path, value must be an object of attributes`);
  return Object.entries(value).flatMap(([key, one]) => operationAt(op, key, one, kind));
}

function operationAt(op: Op, at: string, value: unknown, kind: ResourceKind): Operation[] {
  const path = parsePath(at, kind);
  if (path === 'left' || path.attribute.use === 'left' || path.sub?.use === 'left') return [];
  if (path.attribute.use === 'given') {
    // Okta repeats the id of a group beside what it changes.
    if (op !== 'remove' && ['id', 'schemas', 'meta'].includes(path.attribute.name)) return [];
    throw new ScimRefusal('mutability', `${shown(at)} is given by Lapse and cannot be changed`);
  }
  return [{ op, path, value, at }];
}

function applyOperation(document: Document, operation: Operation): Document {
  const { attribute, filter } = operation.path;
  const { [attribute.name]: before, ...others } = document;
  const after = attribute.multiValued
    ? changedList((before ?? []) as readonly Document[], operation, filter)
    : changedValue(before, operation);
  // Nothing is left of an attribute without any part (RFC 7643 section 2.5).
  const isEmpty =
    after === undefined || (typeof after === 'object' && Object.keys(after).length === 0);
  if (isEmpty && attribute.required && operation.op === 'remove')
    throw new ScimRefusal('mutability', `${attribute.name} cannot be taken away`);
  return isEmpty ? others : { ...others, [attribute.name]: after };
}

function changedValue(before: ScimValue | undefined, operation: Operation): ScimValue | undefined {
  const { op, path, value, at } = operation;
  const { attribute, sub } = path;
  if (!sub) {
    if (op === 'remove') return undefined;
    const read = readValue(attribute, value, at);
    const isPart = attribute.type === 'complex' && read !== undefined;
    return isPart ? { ...(before as Document), ...(read as Document) } : read;
  }
  return withPart(before as Document | undefined, operation);
}

/** A value of several parts with one of them changed. */
function withPart(before: Document | undefined, { op, path, value, at }: Operation): Document {
  const { sub } = path;
  if (!sub) return before ?? {};
  const { [sub.name]: _, ...others } = before ?? {};
  const read = op === 'remove' ? undefined : readValue(sub, value, at);
  return read === undefined ? others : { ...others, [sub.name]: read };
}

function changedList(
  before: readonly Document[],
  operation: Operation,
  filter: Filter | undefined,
): readonly Document[] {
  const { op, path, value, at } = operation;
  const { attribute, sub } = path;
  if (filter || sub) return changedAmong(before, operation, filter);
  if (op === 'remove' && value === undefined) return [];
  const given = (readValue(attribute, value, at) ?? []) as readonly Document[];
  if (op === 'replace') return distinct(given);
  if (op === 'add') return limited(distinct([...before, ...given]), at);
  const gone = new Set(given.map(keyOf));
  return before.filter((one) => !gone.has(keyOf(one)));
}

function changedAmong(
  before: readonly Document[],
  operation: Operation,
  filter: Filter | undefined,
): readonly Document[] {
  const { op, path, value, at } = operation;
  const isMeant = (one: Document) => !filter || matches(filter, one);
  if (op === 'remove' && !path.sub) return before.filter((one) => !isMeant(one));
  const change = (one: Document) =>
    path.sub ? withPart(one, operation) : { ...one, ...readOne(operation, one, value) };
  if (before.some(isMeant))
    return before.map((one) => (isMeant(one) ? change(one) : one)).filter(hasValue);
  if (op === 'remove') return before;
  // Entra ID replaces the address of a type before there is one: then it is added.
  const begun = filter && begunBy(filter);
  if (!begun) throw new ScimRefusal('noTarget', `the path ${shown(at)} meets none of the values`);
  const added = change(begun);
  return hasValue(added) ? limited([...before, added], at) : before;
}

/** Parts for a value that is there: what it has already need not be said again. */
function readOne({ path, at }: Operation, one: Document, value: unknown): Document {
  const whole = isObject(value) ? { ...one, ...value } : value;
  const [read] = readValue(path.attribute, [whole], at) as readonly Document[];
  return read ?? {};
}

/** What a value has to have so that a filter of `eq` alone meets it. */
function begunBy(filter: Filter): Document | undefined {
  if (filter.op === 'and') {
    const parts = filter.filters.map(begunBy);
    return parts.some((part) => !part) ? undefined : Object.assign({}, ...parts);
  }
  if (filter.op !== 'eq' || filter.value === null || typeof filter.value === 'number')
    return undefined;
  return { [filter.path.attribute.name]: filter.value };
}

function hasValue(one: Document): boolean {
  return one.value !== undefined;
}

/** Two are the same whose values are. */
function keyOf({ value }: Document): string {
  return String(value);
}

/** Each value once; the later one counts. */
function distinct(list: readonly Document[]): readonly Document[] {
  return [...new Map(list.map((one) => [keyOf(one), one])).values()];
}

function limited(list: readonly Document[], at: string): readonly Document[] {
  if (list.length <= MEMBERS) return list;
  throw new ScimRefusal('tooMany', `${at} would have more than ${MEMBERS} values`);
}
