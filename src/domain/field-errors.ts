import type { z } from 'zod';
import type { FieldError } from './errors.ts';
import { nearestKey } from './nearest-key.ts';

/** The keys that an object at a path may have, and what to say of one that it may not. */
export interface KnownKeys {
  at(path: readonly PropertyKey[]): readonly string[];
  /** A sentence for a key that is known but not allowed here. */
  reserved?(key: string, path: readonly PropertyKey[]): string | undefined;
}

/** More unknown keys than this help nobody, and looking for what each meant takes time. */
const NAMED_KEYS = 100;

/** zod's issues as one line a field; an unknown key names the nearest known one. */
export function fieldErrors(error: z.ZodError, known: KnownKeys): FieldError[] {
  return error.issues.flatMap((issue) => issueErrors(issue, [], known));
}

function issueErrors(
  issue: z.core.$ZodIssue,
  above: readonly PropertyKey[],
  known: KnownKeys,
): FieldError[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.slice(0, NAMED_KEYS).map((key) => ({
      path: dotted([...path, key]),
      message: unknownKey(key, path, known),
    }));
  }
  if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors);
    if (branch) return branch.flatMap((inner) => issueErrors(inner, path, known));
  }
  return [{ path: dotted(path), message: plainMessage(issue) }];
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

function plainMessage(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') {
    return issue.message.endsWith('received undefined')
      ? 'is required'
      : issue.message
          .replace('Invalid input: expected', 'must be of type')
          .replace('type int', 'type integer')
          .replace('received', 'but is');
  }
  if (issue.code === 'invalid_value')
    return `must be one of ${issue.values.map(String).join(', ')}`;
  if (issue.code === 'invalid_union')
    return `must be of type ${expectedTypes(issue.errors).join(' or ')}`;
  return issue.message;
}

function expectedTypes(branches: readonly z.core.$ZodIssue[][]): string[] {
  const expected = branches.flatMap((issues) =>
    issues.map((issue) => (issue.code === 'invalid_type' ? issue.expected : 'another')),
  );
  return [...new Set(expected)];
}

/**
 * Of a union's branches, the one that understood most of the value: a wrong entry in a list should
 * speak of the entry, not say that a text was expected.
 */
function nearestBranch(branches: readonly z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const understood = branches.filter(
    (issues) => !issues.some((issue) => issue.code === 'invalid_type' && issue.path.length === 0),
  );
  const depth = (issues: z.core.$ZodIssue[]) =>
    Math.max(0, ...issues.map((issue) => issue.path.length));
  return understood.sort((a, b) => depth(b) - depth(a))[0];
}

function unknownKey(key: string, path: readonly PropertyKey[], known: KnownKeys): string {
  const reserved = known.reserved?.(key, path);
  if (reserved) return reserved;
  const keys = known.at(path);
  const near = nearestKey(key, keys);
  if (near) return `unknown key; did you mean ${near}?`;
  return keys.length > 0 && keys.length <= 12
    ? `unknown key; known are ${keys.join(', ')}`
    : 'unknown key';
}
