import type { CodeGroup } from './group.js';

export const RUNS: CodeGroup = {
  title: 'Runs and their folders',
  about: 'Said by what starts, changes or reads a run.',
  exits: ['badInput'],
  codes: {
    E_RUN_UNKNOWN: {
      means: 'This home or database has no run of that id.',
      fix: 'List them: `swarm runs`; another home is set by `SWARM_HOME`.',
    },
    E_RUN_EXISTS: { means: 'The store has a run of that id.', fix: 'Choose another id (plain Temporal: `--workflow-id`).' },
    E_RUN_NOT_STAGED: {
      means: 'The rows of a run were never stored in full, since its starter died.',
      fix: 'Start the run again.',
    },
    E_RUN_BUSY: {
      means: 'The run has calls under way while its figures are to be counted.',
      fix: 'Wait for its end, or `swarm pause RUN` first.',
    },
    E_RUN_ENDED: {
      means: "The run's workflow was ended from outside before its time.",
      fix: 'Go on with `swarm resume RUN`.',
      exits: ['failedRows'],
    },
    E_RUN_DISK: {
      means: 'A disk failed under the run, and not even that could be stored.',
      fix: 'Mend the disk, then run the same command again: what was stored is not paid again.',
      exits: ['diskWrite'],
    },
    E_RUN_INPUT: {
      means: 'The input of a workflow started by plain Temporal is none that it may have.',
      fix: 'See [From Temporal](temporal.md).',
    },
    E_RUN_FAILED: {
      means: 'Type of the failure of a workflow whose run ended with rows left; its details are the summary of the run.',
      fix: 'What the message names.',
      exits: [],
    },
    E_INPUT_REFUSED: {
      means: 'Plain Temporal asked for what the host does not let it: a model, an address, a key, a start.',
      fix: 'Set the variable that is named where the host starts; see [From Temporal](temporal.md).',
    },
    E_CAP_RAISED: {
      means: 'An Update of Temporal would raise a cap or take it away, and anybody may send one.',
      fix: 'As the user of the host: `swarm resize RUN`.',
    },
    E_LOCKED: {
      means: 'Another process is at work in the folder, or the run is under way and what is asked needs it at rest.',
      fix: 'Wait, `swarm pause RUN`, or choose another folder, as the message says.',
      exits: ['locked'],
    },
    E_OUT_DIR: {
      means: 'The output folder is blank, a root, a home, a file, cannot be made, or holds files that no run wrote.',
      fix: 'Choose another `output_dir`, or `--fresh` to write over such files.',
    },
    E_OUT_NESTED: { means: 'The output folder lies inside the folder of another run.', fix: 'Name one outside of it.' },
    E_OUT_MARKER: {
      means: 'The file that says whose the folder is (`.durable-swarm.json`) cannot be read.',
      fix: 'Choose another `output_dir`, or remove the file if the folder may be written over.',
    },
    E_OUT_MISMATCH: {
      means: 'The folder holds a run of another task, of another home, or a copy.',
      fix: 'As the message offers: `--changed keep`, `--changed redo`, `--fork` for a new folder, `--fresh` to start over.',
    },
    E_OUT_TARGET: {
      means: 'A link or a special file stands where an output file is to be.',
      fix: 'Remove it, then run again.',
      exits: ['diskWrite'],
    },
    E_OUT_WRITE: {
      means: 'An output file cannot be written.',
      fix: 'Check disk and folder, then run again: what was stored is not paid again.',
      exits: ['diskWrite'],
    },
    E_EXPORT_FILE: { means: "The provider's usage export cannot be read.", fix: 'Correct the path of `--reconcile`.' },
    E_EXPORT_FORMAT: {
      means: "The file is no provider's usage export that can be read.",
      fix: 'Export it again; [fields that are read](files.md#usage-exports).',
    },
  },
};
