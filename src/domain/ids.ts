/** Crockford base32 ULID of 26 characters: the first is at most 7, so that it fits 128 bits. */
const ULID = /^[0-7][0-9A-HJKMNP-TV-Z]{25}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/i;

/** Whether the text is a ULID in its canonical upper-case form. */
export function isUlid(text: string): boolean {
  return ULID.test(text);
}

/** Whether the text is an id that Lapse makes: `EXC_` and a ULID (INTERFACE, Records). */
export function isExceptionId(text: string): boolean {
  return text.startsWith('EXC_') && isUlid(text.slice(4));
}

/** Whether an id from outside may be kept as it is: 000 section 3.1 allows ULID and UUID. */
export function isForeignExceptionId(text: string): boolean {
  return isExceptionId(text) || UUID.test(text);
}
