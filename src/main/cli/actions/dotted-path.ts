import { usageFailure } from '../terminal/command-failure.ts';

type Container = Record<string, unknown> | unknown[];

/** A value with the part at a dotted path replaced (`remediation_plan.closure_criteria.0.text`). */
export function withPart(value: unknown, path: readonly string[], part: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return part;
  const container = copyOf(value, key);
  const inner = withPart(read(container, key), rest, part);
  if (Array.isArray(container)) {
    const index = Number(key);
    if (index > container.length) {
      throw usageFailure(
        `the list has ${container.length} entries, so ${key} is no place in it`,
        `write ${container.length} to add one at the end`,
      );
    }
    container[index] = inner;
  } else {
    container[key] = inner;
  }
  return container;
}

/** A value without the part at a dotted path; entries behind one that goes move up. */
export function withoutPart(value: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return undefined;
  const container = copyOf(value, key);
  if (read(container, key) === undefined) {
    throw usageFailure(`there is nothing at ${path.join('.')}`, 'see `lapse show ID --json`');
  }
  if (rest.length > 0) return withPart(container, [key], withoutPart(read(container, key), rest));
  if (Array.isArray(container)) container.splice(Number(key), 1);
  else delete container[key];
  return container;
}

const INDEX = /^\d{1,4}$/;

function copyOf(value: unknown, key: string): Container {
  if (Array.isArray(value)) {
    if (INDEX.test(key)) return [...value];
    throw usageFailure(`${key} stands where a list has a number`, 'count entries from 0');
  }
  if (typeof value === 'object' && value !== null) return { ...value };
  if (value === undefined || value === null) return INDEX.test(key) ? [] : Object.create(null);
  throw usageFailure(`${key} cannot be set: what is there is a plain value`);
}

function read(container: Container, key: string): unknown {
  if (Array.isArray(container)) return container[Number(key)];
  return Object.hasOwn(container, key) ? container[key] : undefined;
}
