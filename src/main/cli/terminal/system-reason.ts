import { type CommandFailure, usageFailure } from './command-failure.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your quota of the disk is used up',
  EACCES: 'you may not do that there',
  EPERM: 'you may not do that there',
  EROFS: 'the disk is read-only',
  EISDIR: 'it is a folder',
};

/** Why the system did not let a file be read or written, in words; `absent` says what is not there. */
export function systemReason(error: unknown, absent = 'there is no such file'): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (code === 'ENOENT' || code === 'ENOTDIR') return absent;
  return REASONS[code] ?? message.replace(/:?\n.*/s, '');
}

/** A file that was named and cannot be read. */
export function unreadable(what: string, error: unknown): CommandFailure {
  const message = `${what} cannot be read: ${systemReason(error)}`;
  return usageFailure(message, 'name a file that is there and that you may read');
}
