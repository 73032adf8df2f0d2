/** A kind of file that may be evidence. */
export interface FileKind {
  /** The media type that the ledger keeps. */
  readonly type: string;
  /** The endings that its name may have. */
  readonly endings: readonly string[];
  /** What else browsers and systems declare it as. */
  readonly declared?: readonly string[];
  /** How its bytes are told: by their signature, or as UTF-8 text. */
  readonly bytes: 'signature' | 'text';
  /** An archive, whose content is looked into. */
  readonly isArchive?: true;
}

const OPEN_XML = 'application/vnd.openxmlformats-officedocument';
const OPEN_DOCUMENT = 'application/vnd.oasis.opendocument';
/** What Windows declares a table of text as. */
const EXCEL = 'application/vnd.ms-excel';

/** Everything that may be evidence; all else is refused. */
const FILE_KINDS: readonly FileKind[] = [
  { type: 'application/pdf', endings: ['pdf'], bytes: 'signature' },
  { type: 'image/png', endings: ['png'], bytes: 'signature' },
  { type: 'image/jpeg', endings: ['jpg', 'jpeg'], declared: ['image/jpg'], bytes: 'signature' },
  { type: 'image/gif', endings: ['gif'], bytes: 'signature' },
  { type: 'image/webp', endings: ['webp'], bytes: 'signature' },
  { type: 'text/plain', endings: ['txt', 'text', 'log'], bytes: 'text' },
  { type: 'text/csv', endings: ['csv'], declared: ['text/plain', EXCEL], bytes: 'text' },
  { type: 'application/json', endings: ['json'], declared: ['text/plain'], bytes: 'text' },
  {
    type: 'text/markdown',
    endings: ['md', 'markdown'],
    declared: ['text/plain', 'text/x-markdown'],
    bytes: 'text',
  },
  ...[
    ['docx', `${OPEN_XML}.wordprocessingml.document`],
    ['xlsx', `${OPEN_XML}.spreadsheetml.sheet`],
    ['pptx', `${OPEN_XML}.presentationml.presentation`],
    ['odt', `${OPEN_DOCUMENT}.text`],
    ['ods', `${OPEN_DOCUMENT}.spreadsheet`],
    ['odp', `${OPEN_DOCUMENT}.presentation`],
  ].map(([ending = '', type = '']) => archive(type, ending)),
  archive('application/zip', 'zip', 'application/x-zip-compressed', 'application/x-zip'),
];

/** What would pass, for people. */
export const ACCEPTED_KINDS =
  'PDF, PNG, JPEG, GIF, WebP, text, CSV, JSON, Markdown (UTF-8), DOCX, XLSX, PPTX, ODT, ODS, ODP, or a ZIP of such files';

function archive(type: string, ending: string, ...declared: readonly string[]): FileKind {
  return { type, endings: [ending], declared, bytes: 'signature', isArchive: true };
}

/** The ending of a name, lower case; empty where there is none. */
export function endingOf(name: string): string {
  const at = name.lastIndexOf('.');
  return at < 0 ? '' : name.slice(at + 1).toLowerCase();
}

/** The kind that a name says; `undefined` for one that may not be evidence. */
export function kindOfName(name: string): FileKind | undefined {
  const ending = endingOf(name);
  return FILE_KINDS.find(({ endings }) => endings.includes(ending));
}
