import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { createLapseClient, type LapseClient, type LapseClientOptions } from '@lapse/client';
import { CommandFailure, EXIT, usageFailure } from './command-failure.ts';
import { say } from './say.ts';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** A client of the server that the environment names, with the token that it names or finds. */
export function connect(
  env: NodeJS.ProcessEnv = process.env,
  options: Pick<LapseClientOptions, 'fetch' | 'wait'> = {},
): LapseClient {
  const url = serverUrl(env);
  const tenant = env.LAPSE_TENANT?.trim() || undefined;
  return createLapseClient({
    ...{ url: url.href, token: tokenFor(url, env), tenant, wait: waitAloud },
    ...options,
  });
}

/** As `connect`, with the operator's token where none is given. */
export function connectAsOperator(env: NodeJS.ProcessEnv = process.env): LapseClient {
  const url = serverUrl(env);
  return createLapseClient({ url: url.href, token: tokenFor(url, env, OPERATORS) });
}

/** Whose token lies in which file of the data folder. */
const ADMINISTRATORS = { file: 'admin-token', mend: '' };
const OPERATORS = {
  file: 'operator-token',
  mend: ', or make one there: lapse token operator',
};

/** The server: LAPSE_URL, else the local one on LAPSE_PORT. */
export function serverUrl(env: NodeJS.ProcessEnv = process.env): URL {
  const text = env.LAPSE_URL || `http://localhost:${env.LAPSE_PORT || 7400}`;
  const url = URL.parse(text);
  if (url && (url.protocol === 'http:' || url.protocol === 'https:')) return url;
  const name = env.LAPSE_URL ? 'LAPSE_URL' : 'LAPSE_PORT';
  throw usageFailure(
    `${name} does not name a server: ${text}`,
    'set LAPSE_URL to an address such as https://lapse.example.com',
  );
}

async function waitAloud(seconds: number): Promise<void> {
  say(`the server is asked too often; going on in ${seconds} s …`);
  await setTimeout(seconds * 1_000);
}

function tokenFor(url: URL, env: NodeJS.ProcessEnv, holder = ADMINISTRATORS): string {
  const given = env.LAPSE_TOKEN?.trim();
  if (given) return wellFormed(given);
  if (!LOOPBACK.has(url.hostname)) {
    throw noToken(url, 'set LAPSE_TOKEN to one that an administrator of that server gave you');
  }
  const file = resolve(env.LAPSE_DATA || '.lapse', holder.file);
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (token !== '') return token;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') {
      throw noToken(url, `${file} belongs to another user: set LAPSE_TOKEN`);
    }
  }
  throw noToken(
    url,
    `set LAPSE_TOKEN, or set LAPSE_DATA to the server's data folder (there is no ${file})${holder.mend}`,
  );
}

/** What is no token is not sent, and not said either: it may hold one. */
function wellFormed(token: string): string {
  if (/^[\w-]{1,200}$/.test(token) || /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return token;
  throw usageFailure(
    'LAPSE_TOKEN does not hold a token',
    'set it to the token alone, which begins with lapse_, or to the token of a pipeline',
  );
}

function noToken(url: URL, next: string): CommandFailure {
  return new CommandFailure(`there is no token for ${url.origin}`, {
    exitCode: EXIT.undecided,
    next,
  });
}
