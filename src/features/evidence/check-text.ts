import { fileRefusal } from './file-refusal.ts';

type Bytes = AsyncIterable<Uint8Array>;

const BEGINNING = 1_024;
/** Logs in colour have it. */
const ESCAPE = '\u001b';
// Tabs, line ends and form feeds are text.
const CONTROL = /[\p{Cc}--[\t\n\r\f\u0080-\u009F]]/v;
/** What a browser or a reader takes for a page, an image that can run, or a document of markup. */
const MARKUP =
  /^\s*(?:<!--[\s\S]*?-->\s*)*<(?:!doctype|\?xml|html|head|body|script|style|iframe|svg|math|title|table|a|div|img|h1|p|br|object|embed|link|meta)\b/i;
const SCRIPT = /^\s*(?:#!|<\?php|@echo\b|set-executionpolicy\b)/i;

/**
 * Reads a file to its end and refuses what is not UTF-8 text, and text that is a script or markup.
 * With `json` the text has to begin and end as JSON does.
 */
export async function checkText(bytes: Bytes, { json }: { readonly json: boolean }): Promise<void> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let beginning = '';
  let end = '';
  const take = (text: string) => {
    if (CONTROL.test(text.replaceAll(ESCAPE, '')))
      throw fileRefusal('has bytes that no text has, though its name says text');
    if (beginning.length < BEGINNING) beginning += text.slice(0, BEGINNING);
    end = text.trimEnd() === '' ? end : text.trimEnd().slice(-1);
  };
  try {
    for await (const piece of bytes) take(decoder.decode(piece, { stream: true }));
    take(decoder.decode());
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw fileRefusal('is not text in UTF-8, though its name says text', 'save it as UTF-8');
  }
  if (SCRIPT.test(beginning)) throw fileRefusal('is a script');
  if (MARKUP.test(beginning)) throw fileRefusal('is HTML, SVG or XML');
  if (json && !isFramed(beginning.trimStart().slice(0, 1), end)) {
    throw fileRefusal('is named .json and does not hold an object or a list of JSON');
  }
}

function isFramed(first: string, last: string): boolean {
  return (first === '{' && last === '}') || (first === '[' && last === ']');
}
