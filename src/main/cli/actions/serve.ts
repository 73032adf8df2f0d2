import type { RunningServer } from '../../serve.ts';
import { dayText } from '../render/time-text.ts';
import { errorColours as colours } from '../terminal/colours.ts';
import { remark } from '../terminal/output.ts';
import { barText, progressLine } from '../terminal/progress-line.ts';
import { serverLog } from '../terminal/server-log.ts';
import { startFailure } from '../terminal/start-failure.ts';
import { stopSignal } from '../terminal/stop-signal.ts';

/** Which parts of Lapse run in this process. */
export interface ServedParts {
  readonly api: boolean;
  readonly worker: boolean;
  readonly testClock: boolean;
  /** Add the demonstration's tenant. */
  readonly demo: boolean;
}

/** `lapse serve` and `lapse work`: runs until it is told to stop, then stops in order. */
export async function serve(parts: ServedParts): Promise<void> {
  // Before anything starts: a PostgreSQL that is starting would be left behind by Ctrl-C.
  const signal = stopSignal();
  const { server, dataDir } = await startParts(parts);
  if (!signal.isGiven) announce(server, parts, dataDir);
  await signal.given;
  progress('stopping: requests first, PostgreSQL last');
  await server.stop();
  progress('stopped');
}

async function startParts(parts: ServedParts): Promise<{ server: RunningServer; dataDir: string }> {
  try {
    const [{ start }, { readConfig }] = await Promise.all([
      import('../../serve.ts'),
      import('../../../platform/config/config.ts'),
    ]);
    const { config, secrets } = await readConfig(process.env, process.cwd());
    const log = await serverLog(config.logLevel);
    const making = progressLine();
    const onDemo = (done: number, total: number) =>
      done < total
        ? making.update(`lapse: half a year of demonstration ${barText(done, total)}`)
        : making.done();
    return {
      server: await start({ config, secrets, ...parts, progress, onDemo, log }),
      dataDir: config.dataDir,
    };
  } catch (error) {
    throw startFailure(error, process.env);
  }
}

function announce(server: RunningServer, parts: ServedParts, dataDir: string): void {
  const { address, adminToken, signInLink } = server;
  remark('');
  if (address === undefined) {
    remark(colours.bold(colours.green('Lapse is working')));
  } else {
    remark(`${colours.bold(colours.green('Lapse is ready at'))} ${colours.bold(address)}`);
    remark(label('API reference', `${address}/docs`));
    if (adminToken) {
      remark(label("Administrator's token", adminToken.file));
      remark(
        label('', `until ${dayText(adminToken.endsAt)}; "npx lapse people add" makes a person`),
      );
    }
    if (signInLink) {
      remark(label('Sign in once, in 15 min', '').trimEnd());
      remark(`  ${signInLink}`);
    }
    remark(label('Data', process.env.DATABASE_URL ? 'in DATABASE_URL' : dataDir));
    remark(`\n  In another terminal:  ${commandHint(address, 'npx lapse new')}`);
    if (server.demoFolder) {
      const token = `LAPSE_TOKEN=$(cat ${server.demoFolder}/auditor-token)`;
      remark(`  The demonstration:    ${commandHint(address, `${token} npx lapse list`)}`);
      const others =
        'administrator-token, approver-token, ciso-token and requestor-token lie beside it';
      remark(`                        ${colours.dim(others)}`);
    }
  }
  if (parts.testClock) remark(label('Test clock', 'anybody with a token may move the time'));
  remark(`\n${colours.dim('Ctrl-C stops everything.')}\n`);
}

/** What to type next, with the variables that make it find this server. */
function commandHint(address: string, command: string): string {
  const { LAPSE_DATA } = process.env;
  const { hostname, port } = new URL(address);
  const isLocal = hostname === 'localhost';
  const where = isLocal ? `LAPSE_PORT=${port} ` : `LAPSE_URL=${address} `;
  const data = LAPSE_DATA ? `LAPSE_DATA=${LAPSE_DATA} ` : '';
  return colours.cyan(`${isLocal && port === '7400' ? '' : where}${data}${command}`);
}

function label(name: string, text: string): string {
  return `  ${colours.dim(name.padEnd(24))}${text}`;
}

function progress(text: string): void {
  remark(`${colours.dim('lapse:')} ${text}`);
}
