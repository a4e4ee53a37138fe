/** Worker threads of this program, from its build as from its sources. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** @param program of the build: `new URL('./some-thread.js', import.meta.url)` */
export function startThread(program: URL, options: WorkerOptions): Worker {
  if (existsSync(fileURLToPath(program))) return new Worker(program, options);
  // Run from sources (tests): a worker thread does not get the loader of its parent, so it starts one.
  const tsx = createRequire(import.meta.url).resolve('tsx/package.json');
  const loader = new URL('./dist/esm/api/index.mjs', pathToFileURL(tsx)).href;
  const source = program.href.replace(/\.js$/, '.ts');
  const script = `import(${JSON.stringify(loader)}).then((tsx) => tsx.tsImport(${JSON.stringify(source)}, ${JSON.stringify(source)}))`;
  return new Worker(script, { ...options, eval: true });
}
