/** What a file may hold. Sizes are bytes of UTF-8, so that they mean the same as the file's own size. */
export interface Limits {
  /** The whole file. Beyond it reading stops. */
  readonly maxFileBytes: number;
  /** A document that cannot be cut into records by its lines: a list in brackets that is not JSON. */
  readonly maxDocumentBytes: number;
  /** One record as it stands in the file. */
  readonly maxRecordBytes: number;
  /** Collections inside one another, the record itself counted as the first. */
  readonly maxDepth: number;
  /** Values of one record once its aliases are written out. */
  readonly maxNodes: number;
  /** Aliases (`*name`) in one record. */
  readonly maxAliases: number;
  /** Records in the file. Beyond it reading stops. */
  readonly maxRecords: number;
  /** Problems told of one file. Beyond it reading stops: broken text costs most to parse. */
  readonly maxProblems: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxFileBytes: 50 * 1024 * 1024,
  maxDocumentBytes: 256 * 1024,
  maxRecordBytes: 256 * 1024,
  maxDepth: 32,
  maxNodes: 10_000,
  maxAliases: 100,
  maxRecords: 100_000,
  maxProblems: 1_000,
};

/** A size as people say it: whole MB or KB where it is one, bytes otherwise. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1024 * 1024 && bytes % (1024 * 1024) === 0) return `${bytes / (1024 * 1024)} MB`;
  if (bytes >= 1024 && bytes % 1024 === 0) return `${bytes / 1024} KB`;
  return `${bytes} bytes`;
}
