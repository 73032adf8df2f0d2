import { nearestKey } from '../nearest-key.ts';
import { EPAC_KEYS, isEpac } from './import-epac.ts';
import { quote } from './import-remarks.ts';
import {
  type CellKind,
  FILE_COLUMNS,
  RECORD_COLUMNS,
  type RecordColumn,
} from './record-columns.ts';

/** Where the cells of a column go: a field, or a part of one. */
export interface ImportColumn {
  readonly field: string;
  readonly part?: string;
  readonly kind: CellKind;
}

/** What the columns of a table are: by their index, and nothing where a column is left out. */
export interface ColumnReading {
  readonly columns: readonly (ImportColumn | undefined)[];
  readonly problems: readonly { readonly column: number; readonly message: string }[];
  readonly isEpac: boolean;
}

/** More columns than this are no register: their names are not even looked at. */
const MOST_COLUMNS = 500;

const parts = (field: string, kind: CellKind, ...names: readonly string[]): ImportColumn[] =>
  names.map((part) => ({ field, part, kind }));

/** Fields that a table may hold in several columns, named with a dot. */
const PARTS: readonly ImportColumn[] = [
  ...parts('requestor', 'text', 'name', 'email', 'team'),
  ...parts('telemetry', 'texts', 'dashboards', 'alerts', 'metrics', 'traces'),
  ...parts('scope', 'texts', 'tenants', 'endpoints', 'models', 'resources', 'regions'),
  ...parts('remediation_plan', 'text', 'summary'),
  ...parts('remediation_plan', 'structure', 'steps'),
  ...parts('remediation_plan', 'texts', 'closure_criteria'),
];

const COLUMNS = new Map<string, ImportColumn>([
  ...RECORD_COLUMNS.map(({ name, kind }: RecordColumn) => [name, { field: name, kind }] as const),
  ...PARTS.map((column) => [`${column.field}.${column.part}`, column] as const),
]);
const EPAC_COLUMNS = new Map<string, ImportColumn>([
  ...COLUMNS,
  ...EPAC_KEYS.map((field) => [field.toLowerCase(), { field, kind: 'text' as const }] as const),
]);
/** What people are told of: what the register says of itself is for its own exports. */
const OFFERED = [...FILE_COLUMNS.map(({ name }) => name), ...PARTS.map(nameOf)];

/**
 * Tells what the columns of a table are, by their names: those of the fields, whatever their case
 * and with blanks or hyphens for underscores, and `map` for all others. A column that is neither is
 * a problem, since leaving it out in silence would lose what it says.
 *
 * @param map the field by the column's name; an empty one leaves the column out
 */
export function readColumns(
  headers: readonly string[],
  map: ReadonlyMap<string, string>,
): ColumnReading {
  if (headers.length > MOST_COLUMNS) {
    const message = `the file has ${headers.length.toLocaleString('en')} columns, and a record has ${OFFERED.length} fields; at most ${MOST_COLUMNS} columns would pass`;
    return { columns: [], problems: [{ column: MOST_COLUMNS, message }], isEpac: false };
  }
  const names = headers.map((header) => header.trim());
  const unmapped = names.filter((name) => !map.has(name)).map((name) => name.toLowerCase());
  const epac = isEpac(EPAC_KEYS.filter((key) => unmapped.includes(key.toLowerCase())));
  const known = epac ? EPAC_COLUMNS : COLUMNS;
  const problems: { column: number; message: string }[] = [];
  const taken = new Map<string, number>();
  const columns = names.map((name, column) => {
    const found = findColumn(name, map, known);
    if (typeof found === 'string') problems.push({ column, message: found });
    if (typeof found !== 'object') return undefined;
    const before = taken.get(nameOf(found));
    if (before === undefined) taken.set(nameOf(found), column);
    else {
      const message = `the columns ${before + 1} (${quote(names[before])}) and ${column + 1} (${quote(name)}) are both ${nameOf(found)}; leave one of them out, with --map ${mapArgument(name)} for instance`;
      problems.push({ column, message });
    }
    return found;
  });
  for (const name of map.keys()) {
    if (names.includes(name)) continue;
    const near = nearestKey(name, names);
    const meant = near ? `; did you mean ${quote(near)}?` : '';
    problems.push({ column: 0, message: `there is no column ${quote(name)} to map${meant}` });
  }
  if (problems.length === 0 && !taken.has('title') && !epac) {
    const message =
      'no column is the title, which every record needs; name one with --map "Column=title"';
    problems.push({ column: 0, message });
  }
  return { columns, problems, isEpac: epac };
}

/** The column; a problem; or nothing where it is left out. */
function findColumn(
  name: string,
  map: ReadonlyMap<string, string>,
  known: ReadonlyMap<string, ImportColumn>,
): ImportColumn | string | undefined {
  const mapped = map.get(name);
  if (mapped === '') return undefined;
  if (mapped !== undefined) {
    return known.get(mapped) ?? known.get(mapped.toLowerCase()) ?? noField(name, mapped);
  }
  // A column without a name is one that a spreadsheet added; what stands below it is looked at.
  if (name === '') return undefined;
  return known.get(name.toLowerCase().replaceAll(/[\s-]+/g, '_')) ?? unknownColumn(name);
}

function noField(name: string, field: string): string {
  const near = nearestKey(field, OFFERED);
  return `${quote(name)} is mapped to ${quote(field)}, which is no field${near ? `; did you mean ${near}?` : ''}`;
}

function unknownColumn(name: string): string {
  const near = nearestKey(name.replaceAll(/[\s-]+/g, '_'), OFFERED);
  const meant = near
    ? `did you mean ${near}? Then --map "${shown(name)}=${near}" would pass`
    : `say which it is with --map "${shown(name)}=field"`;
  return `the column ${quote(name)} is no field; ${meant}, and --map ${mapArgument(name)} leaves it out`;
}

function mapArgument(name: string): string {
  return `"${shown(name)}="`;
}

function shown(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}

/** `telemetry.alerts` */
export function nameOf({ field, part }: ImportColumn): string {
  return part === undefined ? field : `${field}.${part}`;
}
