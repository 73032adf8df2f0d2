/** What is wrong with a file that should be a backup. */
export type BackupFileProblem =
  | 'not-a-backup'
  | 'newer-format'
  | 'wrong-passphrase'
  | 'altered'
  | 'cut-off';

/** A file that cannot be opened as a backup; the message says why, for people. */
export class BackupFileError extends Error {
  override readonly name = 'BackupFileError';
  readonly problem: BackupFileProblem;

  constructor(problem: BackupFileProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}
