import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

/**
 * Runs a script of TypeScript with `folder` as a disk of its own that has room for so many
 * kilobytes, and answers what it printed. The mount is seen by that process alone.
 */
export async function runOnSmallDisk(
  folder: string,
  kilobytes: number,
  script: string,
): Promise<string> {
  const mount = `mount -t tmpfs -o size=${kilobytes}k tmpfs "$0" && exec "$@"`;
  const child = spawn('unshare', [
    ...['--map-root-user', '--mount', 'sh', '-c', mount, folder],
    ...[process.execPath, '--input-type=module-typescript', '--eval', script],
  ]);
  const [printed, errors] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    child.exitCode === null ? once(child, 'exit') : undefined,
  ]);
  if (child.exitCode !== 0) throw new Error(`the script ended with ${child.exitCode}: ${errors}`);
  return printed;
}
