import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

const CPU_FOLDER = '/sys/devices/system/cpu';

/**
 * Physical cores that this process may use. A second thread on a core slows dense arithmetic down,
 * so siblings count once where the system tells (Linux); elsewhere all logical processors count.
 */
export function physicalCores(): number {
  const logical = availableParallelism();
  return Math.min(logical, linuxCores() ?? logical);
}

function linuxCores(): number | undefined {
  try {
    const siblings = readdirSync(CPU_FOLDER)
      .filter((name) => /^cpu\d+$/.test(name))
      .map((name) => readFileSync(`${CPU_FOLDER}/${name}/topology/thread_siblings_list`, 'utf8'));
    return siblings.length ? new Set(siblings).size : undefined;
  } catch {
    return undefined;
  }
}
