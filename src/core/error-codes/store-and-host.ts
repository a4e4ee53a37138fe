import type { CodeGroup } from './group.js';

export const STORE_AND_HOST: CodeGroup = {
  title: 'Store, host and Temporal',
  about: 'Said by any command or call of the library that needs them. What was answered before is kept.',
  exits: ['unreachable'],
  codes: {
    E_HOME: {
      means: 'The home folder cannot be made, belongs to another user, or is open to others.',
      fix: '`chmod 700` it, free space, or set `SWARM_HOME` to another one.',
      exits: ['diskWrite'],
    },
    E_DISK_FULL: {
      means: 'The disk of the home is full.',
      fix: 'Free space, then run the same command again.',
      exits: ['diskWrite'],
    },
    E_STORE_WRITE: {
      means: 'The store cannot be written: disk, permissions, or resources of the database server.',
      fix: 'Mend what is named, then run again: what was stored is not paid again.',
      exits: ['diskWrite'],
    },
    E_STATE_LOST: {
      means: 'The database file of the store is damaged.',
      fix: 'Put a backup in its place, or move it away with its `-wal` and `-shm` files; see [a disk that fails](operations.md#a-disk-that-fails).',
      exits: ['diskWrite'],
    },
    E_STORE_VERSION: {
      means: 'The store was written by a newer version.',
      fix: 'Use that version, or another `SWARM_HOME` or database.',
      exits: ['badInput'],
    },
    E_STORE_URL: {
      means: '`SWARM_DATABASE_URL` is no address of PostgreSQL.',
      fix: 'Write `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.',
      exits: ['badInput'],
    },
    E_STORE_UNREACHABLE: { means: 'PostgreSQL does not answer.', fix: 'Check `SWARM_DATABASE_URL` and that the server is up.' },
    E_STORE_CLOSED: { means: 'The store is used after its end: a defect.', fix: 'Report it.', exits: ['bug'] },
    E_HOST_START: {
      means: 'The host ended while it was starting; the last lines of its log are shown.',
      fix: 'Mend what they name, then run again.',
      exits: ['unreachable', 'diskWrite'],
    },
    E_HOST_STOPPED: {
      means: 'Somebody stopped the host before the run had ended.',
      fix: '`swarm resume RUN`; a detached run goes on after `swarm start`.',
    },
    E_HOST_GONE: { means: 'The host died before it answered.', fix: 'Run the command again.' },
    E_HOST_SILENT: { means: 'A host holds the home and does not answer.', fix: 'End the named process, then run again.' },
    E_HOST_DIES: {
      means: 'Several hosts in a row died before another answer was stored.',
      fix: 'Look at `host.log` of the home and at the memory of the machine, then `swarm resume RUN`.',
    },
    E_HOST_VERSION: { means: 'The running host is of another version.', fix: '`swarm stop`, then the command again.' },
    E_HOST_SETTINGS: {
      means: 'The running host has another database or Temporal.',
      fix: '`swarm stop`, then the command again; or another `SWARM_HOME`.',
    },
    E_HOST_REQUEST: {
      means: 'The host does not know a request, or could not do it.',
      fix: 'Look at `host.log`; `swarm stop`, then the command again.',
    },
    E_NO_WORKER: {
      means: 'Nothing polls the queue: the run is stored and waits.',
      fix: '`swarm worker` in a cluster, `swarm start` on this machine.',
    },
    E_TEMPORAL_BINARY: {
      means: 'No `temporal` program works here, can be downloaded or built.',
      fix: 'Install the Temporal CLI, or set `SWARM_TEMPORAL_BIN`, or `TEMPORAL_ADDRESS` to a cluster.',
    },
    E_TEMPORAL_START: {
      means: 'The embedded Temporal server did not start, or died for good.',
      fix: 'Mend what its last lines name; its database may be removed, the runs are in the store.',
    },
    E_TEMPORAL_UNREACHABLE: {
      means: 'No Temporal server answers at the address.',
      fix: 'Start it, or correct `TEMPORAL_ADDRESS`, namespace, certificates and key.',
    },
    E_TEMPORAL_CONFIG: {
      means: 'The settings of the Temporal cluster cannot be read.',
      fix: 'Look with `temporal config list`, or unset the variables `TEMPORAL_...` for the embedded server.',
      exits: ['badInput'],
    },
  },
};
