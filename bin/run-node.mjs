import { spawn } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { Problem } from './problem.mjs';

/**
 * Goes on as `node args…`: in this very process where Node can do that, else in a child whose
 * streams, signals and exit are this one's. Never returns.
 */
export function runNode(node, args, root) {
  const env = { ...process.env };
  const bin = join(root, 'node_modules', '.bin');
  if (!env.PATH?.startsWith(bin)) env.PATH = `${bin}${delimiter}${env.PATH ?? ''}`;
  if (process.execve) process.execve(node, [node, ...args], env);
  const child = spawn(node, args, { stdio: 'inherit', env });
  // Ctrl-C goes to the whole foreground group, hence to the child too; this must outlive it.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(
      `${new Problem(`${node} does not run here (${error.message}).`).message}\n`,
    );
    process.exit(3);
  });
  child.on('close', (code, signal) => {
    if (!signal) process.exit(code ?? 3);
    for (const each of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
}
