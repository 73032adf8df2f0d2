/**
 * Bytes or text that do not follow the ledger format they claim. The message says what would have
 * been right; callers map it (400 at the HTTP edge, exit 1 in the verifier).
 */
export class LedgerFormatError extends Error {
  override readonly name = 'LedgerFormatError';
}
