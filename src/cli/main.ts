#!/usr/bin/env -S MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072 node --max-semi-space-size=4
// A young generation as small as the host's and its settings of glibc (client/host-process.ts): garbage of a million rows takes no room that a
// few rows do not take.
import { keepOthersFromWriting } from '../new-files.js';
import { cliDeps } from './deps.js';
import { endProcess, processContext } from './process-context.js';
import { runCli } from './run-cli.js';

keepOthersFromWriting();
endProcess(await runCli(process.argv.slice(2), processContext(), cliDeps));
