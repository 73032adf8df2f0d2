import pg from 'pg';
import { PrivatePostgresError, reasonOf } from './private-postgres-error.ts';
import { SUPERUSER } from './run-initdb.ts';

/** Everything a PostgreSQL client needs; `host` is the folder of a unix socket. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

/** Where the server should be, and which cluster should answer there. */
export interface ExpectedServer {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly systemIdentifier: string;
}

const DATABASE = 'lapse';
const NO_SUCH_DATABASE = '3D000';

/**
 * Connects as superuser, makes sure that the very cluster of our files answers and that the
 * database `lapse` exists in it, and returns how to connect to that. The caller holds the start
 * lock.
 *
 * @throws PrivatePostgresError when it cannot connect, or when another cluster answers.
 */
export async function openDatabase(server: ExpectedServer): Promise<Connection> {
  const connection: Connection = {
    host: server.host,
    port: server.port,
    user: SUPERUSER,
    password: server.password,
    database: DATABASE,
  };
  try {
    await checkIdentity(connection, server.systemIdentifier);
  } catch (error) {
    if ((error as { code?: string }).code !== NO_SUCH_DATABASE) throw unreachable(server, error);
    const maintenance = { ...connection, database: 'postgres' };
    await checkIdentity(maintenance, server.systemIdentifier);
    await withClient(maintenance, (client) => client.query(`CREATE DATABASE ${DATABASE}`));
  }
  return connection;
}

async function checkIdentity(connection: Connection, expected: string): Promise<void> {
  const sql = 'SELECT system_identifier::text AS id FROM pg_control_system()';
  const { rows } = await withClient(connection, (client) => client.query(sql));
  if (rows[0]?.id === expected) return;
  throw new PrivatePostgresError(
    `Another database cluster answers in ${connection.host} (${rows[0]?.id} instead of ${expected}). ` +
      'Stop that server, then start Lapse again.',
  );
}

async function withClient<T>(
  connection: Connection,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({
    ...connection,
    application_name: 'lapse supervisor',
    connectionTimeoutMillis: 30_000,
  });
  // Without a listener a connection that breaks between two queries would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    return await work(client);
  } finally {
    await client.end();
  }
}

function unreachable(server: ExpectedServer, error: unknown): PrivatePostgresError {
  if (error instanceof PrivatePostgresError) return error;
  return new PrivatePostgresError(
    `The private PostgreSQL runs but does not take our connection in ${server.host} ` +
      `(${reasonOf(error)}). Stop it (kill -INT its process), then start Lapse again.`,
    { cause: error },
  );
}
