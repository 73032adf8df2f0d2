import type { ClusterLocation } from './cluster-location.ts';

/** Nothing of ours: no secret of Lapse's environment, and no PG* variable, reaches PostgreSQL. */
export const SERVER_ENVIRONMENT = { PATH: '/usr/bin:/bin', LANG: 'C', LC_ALL: 'C', TZ: 'UTC' };

/** Names the socket's file only: the private server listens on no network. */
const PORT = 5432;

/**
 * The command line of the postmaster. Settings are given here rather than in the cluster's
 * postgresql.conf so that a newer Lapse brings its own to an older cluster. `overrides` win.
 */
export function serverArguments(
  location: ClusterLocation,
  overrides: Readonly<Record<string, string>>,
): string[] {
  const settings = { ...placeSettings(location), ...TUNING, ...overrides };
  return [
    '-D',
    location.clusterDir,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

function placeSettings(location: ClusterLocation): Record<string, string> {
  return {
    listen_addresses: '',
    port: String(PORT),
    // A list separated by commas, so a folder with a comma or a space needs its quotes.
    unix_socket_directories: `"${location.socketDir.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    log_directory: location.logDir,
  };
}

/** For two cores and a small box; durability is never traded. */
const TUNING: Readonly<Record<string, string>> = {
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  max_connections: '100',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '8MB',
  maintenance_work_mem: '128MB',
  wal_compression: 'pglz',
  max_wal_size: '2GB',
  random_page_cost: '1.1',
  // Queries here take milliseconds; compiling one takes tens of them.
  jit: 'off',
  max_parallel_workers_per_gather: '1',
  // A statement whose client is gone (a killed server) ends instead of holding its locks.
  client_connection_check_interval: '5s',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // One file a weekday, overwritten a week later: the log cannot fill the disk for ever.
  logging_collector: 'on',
  log_filename: 'postgres-%a.log',
  log_rotation_age: '1d',
  log_rotation_size: '0',
  log_truncate_on_rotation: 'on',
  log_line_prefix: '%m [%p] %a %e ',
  log_checkpoints: 'off',
  log_lock_waits: 'on',
};
