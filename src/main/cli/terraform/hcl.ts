import { safeLine } from '../terminal/output.ts';

/** A value of an argument in HCL. */
export type HclValue =
  | string
  | number
  | readonly string[]
  /** Becomes `jsonencode({…})`, whose keys are our own. */
  | { readonly json: Readonly<Record<string, string>> };

/** A resource, as Terraform's configuration language has it. */
export interface HclResource {
  readonly type: string;
  /** Letters, digits and underscores alone. */
  readonly name: string;
  /** Above it, one line each; whatever a record says in them stays a comment. */
  readonly comments: readonly string[];
  /** Without those that are `undefined`. */
  readonly values: Readonly<Record<string, HclValue | undefined>>;
}

/** Writes a resource as `terraform fmt` would. */
export function hclResource({ type, name, comments, values }: HclResource): string {
  const given = Object.entries(values).flatMap(([key, value]) =>
    value === undefined ? [] : [[key, hclValue(value)] as const],
  );
  const lines: string[] = [];
  for (const run of runs(given)) {
    const widest = Math.max(...run.map(([key]) => key.length));
    for (const [key, text] of run) lines.push(`  ${key.padEnd(widest)} = ${text}`);
  }
  return [
    ...comments.map((comment) => `# ${commentText(comment)}`),
    `resource "${type}" "${name}" {`,
    ...lines,
    '}',
    '',
  ].join('\n');
}

/** Terraform aligns arguments that follow one another, up to one that takes several lines. */
function runs(given: readonly (readonly [string, string])[]) {
  const found: (readonly [string, string])[][] = [[]];
  for (const entry of given) {
    if (entry[1].includes('\n')) found.push([entry], []);
    else found.at(-1)?.push(entry);
  }
  return found.filter((run) => run.length > 0);
}

function hclValue(value: HclValue): string {
  if (typeof value === 'string') return hclString(value);
  if (typeof value === 'number') return String(value);
  if ('json' in value) {
    const entries = Object.entries(value.json);
    const widest = Math.max(...entries.map(([key]) => key.length));
    const lines = entries.map(([key, text]) => `    ${key.padEnd(widest)} = ${hclString(text)}`);
    return ['jsonencode({', ...lines, '  })'].join('\n');
  }
  return `[${value.map(hclString).join(', ')}]`;
}

/** What ends a text, begins a template (`${`, `%{`), moves a cursor or turns the reading round. */
const SPECIAL =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /["\\$%\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g;
const SHORT: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

/**
 * A quoted text of HCL that is this text and nothing else. Every `$` and `%` is written by its number:
 * the doubling that HCL has for `${` is ambiguous where more of them stand before it (HCL native syntax
 * specification, Template Expressions).
 */
export function hclString(text: string): string {
  const escaped = text.toWellFormed().replace(SPECIAL, (character) => {
    const number = character.charCodeAt(0).toString(16).padStart(4, '0');
    return SHORT[character] ?? `\\u${number}`;
  });
  return `"${escaped}"`;
}

/** One line, whatever ends one: a record must not begin another. */
function commentText(text: string): string {
  return safeLine(text.toWellFormed().replaceAll(/[\u0085\u2028\u2029]/g, ' '));
}
