import { DatabaseNotEmptyError } from '../../../features/backup/empty-database.ts';
import { BackupUnverifiedError } from '../../../features/backup/restore-backup.ts';
import {
  BackupFileError,
  type BackupFileProblem,
} from '../../../platform/backup-file/backup-file-error.ts';
import { verificationFailure } from '../render/render-verification.ts';
import { CommandFailure, EXIT } from '../terminal/command-failure.ts';
import { startFailure } from '../terminal/start-failure.ts';

/** What was to be done with which file. */
export interface BackupAttempt {
  readonly file: string;
  readonly verb: 'written' | 'restored';
  /** Aborted where somebody stopped it: whatever it failed with follows from that. */
  readonly signal: AbortSignal;
}

const NEXT: Readonly<Record<BackupFileProblem, string>> = {
  'not-a-backup': 'name a file that `lapse backup` has written',
  'newer-format': 'restore it with the release of Lapse that made it, or a newer one',
  'wrong-passphrase': 'repeat the command with the passphrase that the backup was made with',
  altered: 'restore from another copy of it',
  'cut-off': 'restore from another copy of it: this one is not complete',
};

const DISK_FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
/** PostgreSQL: its disk is full; a lock was not to be had; a privilege or a role is missing. */
const PG_DISK_FULL = '53100';
const PG_LOCKED = '55P03';
const PG_DENIED = new Set(['42501', '22023']);

/** Why a backup or a restore came to nothing, and what is left as it was. */
export function backupFailure(error: unknown, attempt: BackupAttempt): unknown {
  if (!(error instanceof Error) || error instanceof CommandFailure) return error;
  if (attempt.signal.aborted) return stopped(attempt);
  if (error instanceof BackupFileError) {
    return refused(
      `${attempt.file} cannot be restored: ${error.message}; nothing was restored`,
      NEXT[error.problem],
    );
  }
  if (error instanceof BackupUnverifiedError) return unverified(error, attempt);
  if (error instanceof DatabaseNotEmptyError) {
    return refused(
      `${error.message}; nothing was changed`,
      'restore with LAPSE_DATA set to a folder that does not exist yet, or DATABASE_URL to an empty database',
    );
  }
  const { code = '', syscall } = error as NodeJS.ErrnoException;
  if (DISK_FULL.has(code) || code === PG_DISK_FULL) {
    return undecided(
      `the disk is full: ${error.message}`,
      attempt,
      'make room, and repeat the command',
    );
  }
  if (code === PG_LOCKED) return undecided('somebody else is using the database', attempt);
  if (PG_DENIED.has(code)) return undecided(`the database refuses it: ${error.message}`, attempt);
  if (syscall !== undefined && syscall !== 'connect' && syscall !== 'listen')
    return undecided(error.message, attempt);
  return startFailure(error, process.env);
}

function refused(message: string, next: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.refused, next });
}

function stopped(attempt: BackupAttempt): CommandFailure {
  return new CommandFailure(`stopped; ${leftBy(attempt)}`, {
    exitCode: EXIT.stopped,
    next: 'repeat the command: it begins anew',
  });
}

function undecided(message: string, attempt: BackupAttempt, next?: string): CommandFailure {
  const what = `${message}; ${leftBy(attempt)}`;
  return new CommandFailure(what, { exitCode: EXIT.undecided, next });
}

/** What is there after it came to nothing. */
function leftBy({ file, verb }: BackupAttempt): string {
  if (verb === 'restored') return 'nothing was restored';
  return file === '-'
    ? 'what was written to standard output is no backup'
    : `no backup was written, and ${file} is as it was`;
}

function unverified(error: BackupUnverifiedError, { file }: BackupAttempt): CommandFailure {
  const { message, details } = verificationFailure({ ...error.verification, seconds: 0 });
  return new CommandFailure(
    `${file} holds a ledger (tenant ${error.tenant.name}) that was tampered with: ${message}; nothing was restored`,
    {
      exitCode: EXIT.refused,
      details,
      next: 'keep the file as evidence, and restore from an older backup',
    },
  );
}
