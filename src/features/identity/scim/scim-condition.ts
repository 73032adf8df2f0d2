import { formatInstant, parseInstant } from '../../../domain/schedule/instant.ts';
import type { Attribute } from './scim-attributes.ts';
import type { AttributePath, Comparison, Filter } from './scim-filter.ts';
import { ScimRefusal, shown } from './scim-refusal.ts';

/** How an attribute is asked for in SQL; texts that are compared in any case are lower case in it. */
export interface Column {
  readonly sql: string;
  readonly type: 'text' | 'folded' | 'boolean' | 'instant';
}

/** What can be asked of a resource: columns by `name` or `name.part`, and lists of several values. */
export interface Columns {
  readonly columns: Readonly<Record<string, Column>>;
  /** The rows of an attribute with several values: `FROM` and `WHERE`, to which a condition is added. */
  readonly lists: Readonly<Record<string, string>>;
}

/** A condition on rows, with what its places stand for. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly unknown[];
}

/**
 * A filter as a condition in SQL. Of what the client wrote there are values alone in it, and those
 * as parameters: every name is one of ours.
 *
 * @param first the number of the first parameter
 */
export function conditionOf(filter: Filter, columns: Columns, first: number): Condition {
  const values: unknown[] = [];
  const place = (value: unknown) => `$${first + values.push(value) - 1}`;
  return { sql: write(filter, { ...columns, place, within: '' }), values };
}

interface Writing extends Columns {
  readonly place: (value: unknown) => string;
  /** The attribute among whose values a filter selects. */
  readonly within: string;
}

function write(filter: Filter, writing: Writing): string {
  switch (filter.op) {
    case 'and':
    case 'or': {
      const parts = filter.filters.map((one) => write(one, writing));
      return `(${parts.join(filter.op === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return `NOT coalesce(${write(filter.filter, writing)}, false)`;
    case 'has': {
      const { name } = filter.attribute;
      return among(name, write(filter.filter, { ...writing, within: name }), writing);
    }
    case 'pr':
      return onPath(filter.path, writing, ({ sql }) => `${sql} IS NOT NULL`);
    default: {
      const { op, value } = filter;
      return onPath(filter.path, writing, (column, name) =>
        compared(column, op, { name, value, place: writing.place }),
      );
    }
  }
}

function among(name: string, condition: string, { lists }: Writing): string {
  const rows = Object.hasOwn(lists, name) ? lists[name] : undefined;
  if (rows === undefined) throw unaskable(name);
  return `EXISTS (SELECT ${rows} AND ${condition})`;
}

function onPath(
  { attribute, sub }: AttributePath,
  writing: Writing,
  condition: (column: Column, name: string) => string,
): string {
  const { within, columns } = writing;
  const part = sub ?? defaultPart(attribute);
  const own = part ? `${attribute.name}.${part.name}` : attribute.name;
  const name = within === '' ? own : `${within}.${own}`;
  const column = Object.hasOwn(columns, name) ? columns[name] : undefined;
  if (!column) throw unaskable(name);
  const written = condition(column, name);
  return attribute.multiValued && within === '' ? among(attribute.name, written, writing) : written;
}

/** `emails eq "a"` asks for the value (RFC 7644 section 3.4.2.2). */
function defaultPart({ multiValued, sub }: Attribute): Attribute | undefined {
  return multiValued ? sub?.find(({ name }) => name === 'value') : undefined;
}

interface Asked {
  readonly name: string;
  readonly value: string | number | boolean | null;
  readonly place: (value: unknown) => string;
}

const SIGNS = { gt: '>', ge: '>=', lt: '<', le: '<=' } as const;

function compared({ sql, type }: Column, op: Comparison, { name, value, place }: Asked): string {
  if (value === null && op === 'eq') return `${sql} IS NULL`;
  if (value === null && op === 'ne') return `${sql} IS NOT NULL`;
  const right = `${place(operand(type, name, value))}::${type === 'boolean' ? 'boolean' : 'text'}`;
  if (op === 'eq') return `${sql} = ${right}`;
  if (op === 'ne') return `${sql} IS DISTINCT FROM ${right}`;
  if (type === 'boolean')
    throw new ScimRefusal('invalidFilter', `${name} is true or false; eq and ne would pass`);
  switch (op) {
    case 'co':
      return `strpos(${sql}, ${right}) > 0`;
    case 'sw':
      return `starts_with(${sql}, ${right})`;
    case 'ew':
      return `right(${sql}, length(${right})) = ${right}`;
    default:
      return `${sql} ${SIGNS[op]} ${right}`;
  }
}

function operand(type: Column['type'], name: string, value: Asked['value']): string | boolean {
  if (type === 'boolean') {
    if (typeof value === 'boolean') return value;
    throw new ScimRefusal('invalidFilter', `${name} is compared with true or false`);
  }
  if (typeof value !== 'string')
    throw new ScimRefusal('invalidFilter', `${name} is compared with a text in double quotes`);
  if (type === 'instant') {
    const instant = parseInstant(value);
    if (instant !== undefined) return formatInstant(instant);
    throw new ScimRefusal(
      'invalidFilter',
      `${name} is compared with an instant, not ${shown(value)}`,
    );
  }
  return type === 'folded' ? value.toLowerCase() : value;
}

function unaskable(name: string): ScimRefusal {
  return new ScimRefusal('invalidFilter', `a filter cannot ask for ${shown(name)}`);
}
