import type { Attribute } from './scim-attributes.ts';
import type { Document, ScimValue } from './scim-document.ts';
import type { Comparison, Filter } from './scim-filter.ts';

/** Whether one of several values is what a filter means. */
export function matches(filter: Filter, value: Document): boolean {
  switch (filter.op) {
    case 'and':
      return filter.filters.every((one) => matches(one, value));
    case 'or':
      return filter.filters.some((one) => matches(one, value));
    case 'not':
      return !matches(filter.filter, value);
    case 'has':
      return false;
    case 'pr':
      return value[filter.path.attribute.name] !== undefined;
    default: {
      const { attribute } = filter.path;
      return compare(filter.op, attribute, value[attribute.name], filter.value);
    }
  }
}

function compare(
  op: Comparison,
  { caseExact }: Attribute,
  left: ScimValue | undefined,
  right: string | number | boolean | null,
): boolean {
  const fold = (given: unknown) =>
    typeof given === 'string' && !caseExact ? given.toLowerCase() : given;
  const [one, other] = [fold(left ?? null), fold(right)];
  if (op === 'eq') return one === other;
  if (op === 'ne') return one !== other;
  if (typeof one !== 'string' || typeof other !== 'string') return false;
  switch (op) {
    case 'co':
      return one.includes(other);
    case 'sw':
      return one.startsWith(other);
    case 'ew':
      return one.endsWith(other);
    case 'gt':
      return one > other;
    case 'ge':
      return one >= other;
    case 'lt':
      return one < other;
    case 'le':
      return one <= other;
  }
}
