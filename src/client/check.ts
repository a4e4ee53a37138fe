/** `check` as the command makes it: with what the store of the home knows of the task. Starts no host, makes no store, calls no model. */
import { existsSync } from 'node:fs';
import type { Config } from '../config.js';
import { homeId, storeLocation } from '../home.js';
import { type CheckFacts, type CheckReport, checkTask } from '../runs/check.js';
import { earlierRows, NO_EARLIER_ROWS } from '../runs/earlier-rows.js';
import { folderNotes, mayHoldRun } from '../runs/folder-notes.js';
import { prepareTask } from '../runs/prepare.js';
import type { StartOptions } from '../runs/start-options.js';
import { openStore } from '../store/open-store.js';
import type { Store } from '../store/port/store.js';
import { prepareFacts } from './prepare-facts.js';

type CheckConfig = Pick<Config, 'home' | 'databaseUrl' | 'maxDailyCost'>;

/** `models`: asks the endpoint for its list of models. @default nothing is asked */
export async function checkInHome(
  config: CheckConfig,
  source: string,
  options: StartOptions,
  models?: CheckFacts['models'],
): Promise<CheckReport> {
  return await checkTask(source, options, {
    ...prepareFacts(config),
    ...(models === undefined ? {} : { models }),
    earlier: async (start) => {
      // A store that cannot be read says so when the run itself needs it.
      const store = await storeOf(config)?.catch(() => null);
      if (!store) return NO_EARLIER_ROWS;
      try {
        return await earlierRows(store, start, options.ifChanged);
      } finally {
        await store.close();
      }
    },
  });
}

/** What a start of the checked task will say of its folder, a sentence each. Throws the SwarmError that it would throw. */
export async function notesOfFolder(
  config: CheckConfig,
  source: string,
  options: StartOptions,
  report: CheckReport,
): Promise<string[]> {
  const prepared = await prepareTask(source, options, prepareFacts(config));
  const store = mayHoldRun(prepared, options) ? await storeOf(config) : null;
  if (!store) return [];
  try {
    const { home } = config;
    return await folderNotes(prepared, { ...options, checked: report }, { store, home, homeId: homeId(home) });
  } finally {
    await store.close();
  }
}

/** Null where there is none. */
function storeOf(config: CheckConfig): Promise<Store> | null {
  const location = storeLocation(config);
  return 'file' in location && !existsSync(location.file) ? null : openStore(location);
}
