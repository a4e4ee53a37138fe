// @ts-check
/** CPU and memory of processes, from /proc. Linux only, like the benchmarks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { cpus, totalmem, type } from 'node:os';

/** Clock ticks a second: 100 on every Linux that Node runs on. */
const TICKS = 100;

/** CPU time of a process so far, user and system, in ms. @param {number} pid */
export function cpuMs(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS;
}

/** Highest resident memory of a process so far, in MB. @param {number} pid */
export function peakMb(pid) {
  const found = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Math.round(Number(found?.[1] ?? 0) / 1024);
}

/** Resident memory of a process now, in MB; null when it is gone. @param {number} pid */
export function residentMb(pid) {
  try {
    const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return found ? Number(found[1]) / 1024 : null;
  } catch {
    return null;
  }
}

/** Starts the high-water mark again from what is resident now. @param {number} pid */
export async function resetPeak(pid) {
  const { writeFile } = await import('node:fs/promises');
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => undefined);
}

/** Bytes of files that exist. @param {string[]} files */
export function bytesOf(files) {
  return files.filter((file) => existsSync(file)).reduce((sum, file) => sum + statSync(file).size, 0);
}

/**
 * Runs a program to its end; its last line of stdout is JSON. Its stdin ends when `until` resolves, or this process ends.
 * @param {string[]} args of node @param {Record<string, string>} env @param {Promise<unknown>} [until]
 */
export async function runJson(args, env = {}, until) {
  const child = spawn(process.execPath, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'inherit'] });
  void until?.then(() => child.stdin.end());
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (/** @type {string} */ text) => {
    out += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}: ${out}`);
  return JSON.parse(out.trim().split('\n').at(-1) ?? 'null');
}

/** The machine as a line: what figures were measured on. */
export function machineLine() {
  const [cpu] = cpus();
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB of memory`;
  return `${new Date().toISOString().slice(0, 10)}, ${cpus().length} cores (${cpu?.model.trim() ?? 'unknown'}), ${memory}, ${type()}, Node ${process.version}`;
}

/** @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
