import type { CheckLevel, CheckRule } from '../../../domain/exception/check-rules.ts';

/** Something found at a place of a file. */
export interface Finding {
  /** 1-based; columns in UTF-16 code units. */
  readonly line: number;
  readonly column: number;
  /** The field, dotted; empty for the record or the file as a whole. */
  readonly path: string;
  readonly rule: CheckRule;
  readonly level: CheckLevel;
  readonly message: string;
  readonly record?: RecordReference;
}

/** The record that something was found in. */
export interface RecordReference {
  readonly line: number;
  /** As the file has it; empty where it has none. */
  readonly title: string;
  /** RFC 3339. */
  readonly expires_at?: string;
}

export type Counts = Readonly<Record<CheckLevel, number>>;

/** One file as it was checked. */
export interface CheckedFile {
  /** As it was named; `stdin` for standard input. */
  readonly name: string;
  /** How many there are, those included that could not be read. */
  readonly records: number;
  /** Of every finding; more than are listed. */
  readonly counts: Counts;
  /** Those to be told, in the order of the file. */
  readonly findings: readonly Finding[];
  /** How many more were to be told, but were only counted. */
  readonly unlisted: number;
  /** Why it could not be read to its end. */
  readonly unreadable?: string;
}

/** Everything that `lapse check` found. */
export interface CheckRun {
  readonly files: readonly CheckedFile[];
  readonly records: number;
  /** What the files hold, where it is not records. */
  readonly noun?: string;
  /** Of several; the noun with an s unless given. */
  readonly nouns?: string;
  readonly counts: Counts;
  /** The instant that it was checked as of, RFC 3339. */
  readonly asOf: string;
  /** The id of the policy that it was checked against. */
  readonly policy: string;
  /** `sha256:…`; empty where nothing was checked against one. */
  readonly policyDigest: string;
  /** Whether it was named, in place of the built-in one. */
  readonly isNamedPolicy?: boolean;
  /** The answer: nothing is wrong, and no more warnings than were allowed. */
  readonly ok: boolean;
}

export function addCounts(all: readonly Counts[]): Counts {
  const sum = (level: CheckLevel) => all.reduce((total, counts) => total + counts[level], 0);
  return { error: sum('error'), warning: sum('warning'), note: sum('note') };
}
