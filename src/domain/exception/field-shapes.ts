import { z } from 'zod';
import { parseDuration } from '../schedule/duration.ts';
import { formatInstant, parseInstant } from '../schedule/instant.ts';

/** Limits of INTERFACE, Records. Characters are UTF-16 code units; sizes are bytes of UTF-8 JSON. */
export const LIMITS = { title: 300, text: 8_000, list: 200, recordBytes: 256 * 1024 } as const;

// RFC 3986 characters, percent-encoding included; relative references are allowed.
const URI_REFERENCE = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
// What browsers run, or read from the reader's own machine, when a link is followed.
const UNSAFE_SCHEME = /^(?:javascript|vbscript|data|blob|file|filesystem|view-source):/i;
const EMAIL = /^[^\s@<>",;]+@[^\s@<>",;]+$/;

// What files may not hold either, so that whatever was taken in can be exported and imported again.
const CONTROL = /[[\p{Cc}\uFFFE\uFFFF]--[\t\n\r\u0085]]/v;
const UNSTORABLE =
  'must be well-formed Unicode (no lone surrogates) without control characters other than tabs and line ends';

function storable(text: string): boolean {
  return text.isWellFormed() && !CONTROL.test(text);
}

function textUpTo(limit: number, whenEmpty = 'must not be empty; leave the field out instead') {
  return (
    z
      .string()
      .trim()
      .min(1, whenEmpty)
      // Worded when it is needed: the first number that is formatted costs 10 ms.
      .max(limit, { error: () => `must have at most ${limit.toLocaleString('en')} characters` })
      .refine(storable, UNSTORABLE)
  );
}

export const titleText = textUpTo(LIMITS.title, 'must not be empty');
export const longText = textUpTo(LIMITS.text);
export const shortText = textUpTo(LIMITS.title);

/** A list of at most 200 entries. */
export function listOf<T extends z.ZodType>(entry: T) {
  return z.array(entry).max(LIMITS.list, `must have at most ${LIMITS.list} entries`);
}

/** A text or a list of texts, read as a list. */
export const textOrList = z
  .union([longText, listOf(longText)])
  .transform((value) => (typeof value === 'string' ? [value] : value))
  .pipe(listOf(longText));

/** A list of names or ids; a single text is read as a list of one. */
export const nameList = z
  .union([shortText, listOf(shortText)])
  .transform((value) => (typeof value === 'string' ? [value] : [...new Set(value)]))
  .pipe(listOf(shortText));

/** A link, or a path relative to the documents that a company keeps its rules in. */
export const uriReference = z
  .string()
  .trim()
  .max(2_000, 'must have at most 2,000 characters')
  .regex(
    URI_REFERENCE,
    'must be a URI reference, for example https://example.com/page#part or guide#part',
  )
  .refine(
    (text) => !UNSAFE_SCHEME.test(text),
    'must not have a scheme that runs in browsers or reads files; https would pass',
  );

export const uriReferenceList = z
  .union([uriReference, listOf(uriReference)])
  .transform((value) => (typeof value === 'string' ? [value] : [...new Set(value)]))
  .pipe(listOf(uriReference));

/** What names a file of evidence: SHA-256 of its bytes. */
export const fileDigest = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be the SHA-256 of a file: 64 hexadecimal digits, lower case')
  .meta({ examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'] });

/** An RFC 3339 instant, kept in UTC to the millisecond. */
export const instant = z
  .string()
  .transform((text, context) => {
    const parsed = parseInstant(text.trim());
    if (parsed !== undefined) return formatInstant(parsed);
    context.addIssue('must be an RFC 3339 instant such as 2026-03-07T00:00:00Z');
    return z.NEVER;
  })
  .pipe(z.string().meta({ format: 'date-time' }))
  .meta({ examples: ['2026-03-07T00:00:00Z'] });

export const duration = z
  .string()
  .trim()
  .refine(
    (text) => parseDuration(text) !== undefined,
    'must be an ISO 8601 duration such as P30D, P2W or PT12H',
  )
  .meta({ format: 'duration', examples: ['P30D'] });

export const emailAddress = z
  .string()
  .trim()
  .max(LIMITS.title)
  .regex(EMAIL, 'must be an e-mail address')
  .refine(storable, UNSTORABLE);

export const personObject = z.strictObject({
  name: shortText,
  email: emailAddress.optional(),
  team: shortText.optional(),
});

/** A person by name, e-mail and team; a plain text is taken as the e-mail or the name. */
export const person = z
  .union([personObject, shortText])
  .transform((value) => (typeof value === 'string' ? personOf(value) : value))
  .pipe(personObject);

/** The person that a plain text stands for. */
export function personOf(text: string): { name: string; email?: string } {
  return EMAIL.test(text) ? { name: text, email: text } : { name: text };
}
