#!/usr/bin/env node
import { cliDeps } from './deps.js';
import { endProcess, processContext } from './process-context.js';
import { runCli } from './run-cli.js';

endProcess(await runCli(process.argv.slice(2), processContext(), cliDeps));
