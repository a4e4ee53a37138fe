/** A process that claims a folder whenever its test says so: `{dir, run, replace}` in, the run's end out. */
import { claimFolder } from '../../src/outputs/folder.js';

process.on('message', ({ dir, run, replace }: { dir: string; run: string; replace: boolean }) => {
  const marker = { run, home: `/home/${run}`, fingerprint: 'f', createdAt: 1 };
  claimFolder(dir, marker, { replace }).then(
    () => process.send?.({ won: true }),
    (error: { code?: string; exitCode?: number; message: string }) =>
      process.send?.({ won: false, code: error.code, exitCode: error.exitCode, message: error.message }),
  );
});
process.send?.({ ready: true });
