import { startPrivatePostgres } from '../../src/platform/postgres/private-postgres.ts';

// A process of its own that starts the private PostgreSQL of the folder named on its command line,
// says what it got as one line of JSON, and stays until it is killed or told to stop.
const server = await startPrivatePostgres({ dataDir: process.argv[2] ?? '.lapse' });
const { connection, adopted, systemIdentifier } = server;
process.stdout.write(`${JSON.stringify({ connection, adopted, systemIdentifier })}\n`);
process.stdin.once('data', () => server.stop().then(() => process.exit(0)));
