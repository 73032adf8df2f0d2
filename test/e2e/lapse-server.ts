import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { isPostmasterOf, readPostmasterFile } from '../../src/platform/postgres/postmaster.ts';
import { BUNDLE, type CommandResult, plainEnvironment } from './lapse-commands.ts';

/** A server from the bundle, in a process of its own. */
export interface LapseServer {
  readonly url: string;
  readonly dataDir: string;
  /** The administrator's, as the first start wrote it. */
  readonly adminToken: string;
  /** Moves the domain's time and waits until what is then due is done. */
  moveClock(now: string): Promise<void>;
  /** Does what is due now, the ledger's sequencing included. */
  settle(): Promise<void>;
  /** Sends a signal and answers what the process left behind. */
  end(signal: 'SIGINT' | 'SIGKILL'): Promise<CommandResult>;
  /** The private PostgreSQL's process. */
  readonly postmasterPid: number;
  isPostgresRunning(): boolean;
}

/** Starts a server and waits until it is ready. Rejects with what it said where it ends instead. */
export async function startServer(
  dataDir: string,
  port?: number,
  env?: NodeJS.ProcessEnv,
): Promise<LapseServer> {
  const process = spawnServer(dataDir, port, env);
  const url = await Promise.race([
    process.address,
    process.ended.then((result) => {
      throw new Error(`the server ended with ${result.exitCode}:\n${result.stderr}`);
    }),
  ]);
  await untilReady(url).catch((error: unknown) => {
    process.child.kill('SIGINT');
    throw error;
  });
  const clusterDir = join(dataDir, 'postgres', 'cluster');
  const postmasterPid = readPostmasterFile(clusterDir)?.pid ?? 0;
  const adminToken = readFileSync(join(dataDir, 'admin-token'), 'utf8').trim();
  const send = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  };
  return {
    url,
    dataDir,
    adminToken,
    postmasterPid,
    isPostgresRunning: () => isPostmasterOf(postmasterPid, clusterDir),
    moveClock: (now) => send('PUT', '/v1/test/clock', { now }),
    settle: () => send('POST', '/v1/test/settle'),
    async end(signal) {
      process.child.kill(signal);
      return process.ended;
    },
  };
}

/** A server that is started and not waited for. */
export function spawnServer(
  dataDir: string,
  port = 0,
  env: NodeJS.ProcessEnv = {},
): {
  readonly child: ChildProcess;
  readonly address: Promise<string>;
  readonly ended: Promise<CommandResult>;
} {
  const child = spawn(process.execPath, [BUNDLE, 'serve', '--test-clock'], {
    env: {
      ...plainEnvironment(),
      LAPSE_DATA: dataDir,
      LAPSE_PORT: String(port),
      LAPSE_LINKS: 'off',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  const address = new Promise<string>((resolve) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
      const [, url] = /Lapse is ready at (\S+)/.exec(stderr) ?? [];
      if (url) resolve(url);
    });
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  const ended = once(child, 'close').then(([code]) => ({
    exitCode: typeof code === 'number' ? code : -1,
    stdout,
    stderr,
  }));
  return { child, address, ended };
}

/** A port that was free just now: for a server whose public address has to be known before it starts. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Far beyond what a slow machine takes: a server that is never ready has to say why. */
const PATIENCE_MS = 60_000;

async function untilReady(url: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => undefined);
    if (answer?.ok) return;
    if (Date.now() > end) throw new Error(`never ready: ${await answer?.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
