/** A place in a record: keys of mappings and 0-based indices of lists. */
export type Path = readonly (string | number)[];

/** What a remark is about: names that `lapse check` shows, and that stay as they are. */
export type RemarkRule =
  | 'field'
  | 'unknown-key'
  | 'date'
  | 'plain-date'
  | 'end'
  | 'empty'
  | 'id'
  | 'tenant'
  | 'claim'
  | 'decided'
  | 'size';

/** Something said of one place in a record that comes from a file. */
export interface PlaceRemark {
  readonly path: Path;
  readonly message: string;
}

/** The same, with what it is about. */
export interface Remark extends PlaceRemark {
  readonly rule: RemarkRule;
}

/** What there is to say of one record: what refuses it, what was changed, what was read otherwise. */
export class Remarks {
  readonly problems: Remark[] = [];
  readonly notes: Remark[] = [];
  readonly warnings: Remark[] = [];

  refuse(path: Path, message: string, rule: RemarkRule = 'field'): void {
    this.problems.push({ path, message, rule });
  }

  note(path: Path, message: string, rule: RemarkRule): void {
    this.notes.push({ path, message, rule });
  }

  warn(path: Path, message: string, rule: RemarkRule): void {
    this.warnings.push({ path, message, rule });
  }

  /** The same remarks for a file that has other names for the fields. */
  renamed(names: ReadonlyMap<string, string>): Remarks {
    const renamed = new Remarks();
    renamed.problems.push(...renamedIn(this.problems, names));
    renamed.notes.push(...renamedIn(this.notes, names));
    renamed.warnings.push(...renamedIn(this.warnings, names));
    return renamed;
  }
}

function renamedIn(remarks: readonly Remark[], names: ReadonlyMap<string, string>): Remark[] {
  return remarks.map(({ path: [first, ...rest], ...remark }) => {
    const name = typeof first === 'string' ? names.get(first) : undefined;
    return { ...remark, path: first === undefined ? [] : [name ?? first, ...(name ? [] : rest)] };
  });
}

/** A record as read from a file, before anything is known of its fields. */
export type RawRecord = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is RawRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Messages quote the file; a hostile one must not turn them into megabytes. */
const QUOTED = 60;

/** A value as messages show it: JSON, cut short. */
export function quote(value: unknown): string {
  if (isMapping(value)) return 'a mapping';
  if (Array.isArray(value)) return 'a list';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > QUOTED ? `${text.slice(0, QUOTED)}…` : text;
}
