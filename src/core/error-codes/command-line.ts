import type { CodeGroup } from './group.js';

export const COMMAND_LINE: CodeGroup = {
  title: 'Command line and environment',
  about: 'Said before anything else is done.',
  exits: ['badInput'],
  codes: {
    E_CLI_CONFLICT: { means: 'Two options that exclude each other are both given.', fix: 'Give one of them.' },
    E_CLI_MISSING: {
      means: 'An argument, or every option of a command that needs one, is missing.',
      fix: 'See `swarm COMMAND --help`.',
    },
    E_CLI_PORT: { means: 'A port is not a number that a port can be.', fix: 'Give one from 1 to 65535.' },
    E_CLI_REPEATED: { means: 'An option is given twice.', fix: 'Give it once.' },
    E_CLI_UNKNOWN: {
      means: 'There is no such command or option, or there are too many arguments.',
      fix: 'Take the nearest one that is named, or see `swarm --help`.',
    },
    E_CLI_VALUE: {
      means: 'The value of an option, of a limit in `resize`, or of an Update is none that it may have.',
      fix: 'Write one of those that are named as allowed.',
    },
    E_SETTING: {
      means: 'An environment variable that switches something has a value that nobody can read.',
      fix: 'Write one of the values of [configuration](configuration.md).',
    },
    E_FOLDER_GONE: { means: 'The folder that the program works in was removed.', fix: 'Change into a folder that is there.' },
    E_WORKER_DEPLOYMENT: {
      means: '`SWARM_WORKER_DEPLOYMENT` is no name that a Temporal server takes.',
      fix: 'Leave out dots, colons and underscores at its beginning, or unset it.',
    },
    E_PORT_BUSY: {
      means: 'The simulated provider cannot listen at its port.',
      fix: 'Choose another `--port`, or leave it out for a free one.',
      exits: ['unreachable'],
    },
    E_SIM_LOG: {
      means: 'The billing log of the simulated provider cannot be written.',
      fix: 'Name a file that can be, or check the disk.',
      exits: ['diskWrite'],
    },
    E_DISK: {
      means: 'The system refused a file or a disk, in a place that has no code of its own.',
      fix: 'Check free space, permissions and the limits of the process (`ulimit -f`, `ulimit -n`), then run again.',
      exits: ['diskWrite'],
    },
    E_BUG: {
      means: 'A defect of durable-swarm.',
      fix: 'Run again with `--debug` for the trace, and report it; `swarm run` goes on with what is done.',
      exits: ['bug'],
    },
    E_UNKNOWN: {
      means: 'An error that carries no problem: code of a SwarmError that a program made without one.',
      fix: 'Look at its message and cause.',
    },
  },
};
