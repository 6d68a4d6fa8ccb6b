import {
  atomicWriteFile,
  isTemporaryFile,
  openSafetensors,
  readSafetensors,
  type WeightsFile,
  writeSafetensors,
} from '@ar-distill/checkpoints';
import type { Checkpoint, MetricRecord, RunStore } from '@ar-distill/core';
import type { HostTensors } from '@ar-distill/nn';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { formatCheckpoint, parseCheckpoint } from './checkpoint-metadata';
import { hasCode } from './error-code';
import { MetricsLog } from './metrics-log';
import { lockRun, unlockRun } from './run-lock';
import { RunLog } from './run-log';

const CONFIG = 'config.json';
const METRICS = 'metrics.jsonl';
const LOG = 'log.jsonl';
const CHECKPOINT = 'checkpoint.safetensors';
const ARRAYS = 'arrays';
/** Milliseconds. */
const MAX_RETRY_DELAY = 20;
const NUMBERED = /^(\d{5,})-/;
/** A slug becomes part of a folder's name on every platform. */
const SLUG = /^[\w.-]+$/;

/**
 * A directory that describes itself: `config.json`, `metrics.jsonl`, `log.jsonl`,
 * `checkpoint.safetensors`, `arrays/` and whatever else is written into it. One process at a time has
 * it open.
 */
export class Run implements RunStore {
  private constructor(
    /** Absolute path. */
    readonly path: string,
    /** The resolved config that the run was made with. */
    readonly config: unknown,
    private readonly metrics: MetricsLog,
    /** What happened in the run. */
    readonly log: RunLog,
  ) {
    log.info('opened', { node: process.version, platform: process.platform, config });
  }

  /**
   * Opens an existing run and removes what a killed process left half written.
   * @throws Error when it is none, or another process is writing it.
   */
  static async open(folder: string): Promise<Run> {
    const absolute = path.resolve(folder);
    const file = path.join(absolute, CONFIG);
    if (!existsSync(file)) {
      throw new Error(`"${folder}" is no run directory: it holds no ${CONFIG}.`);
    }
    let config: unknown;
    try {
      config = JSON.parse(await readFile(file, 'utf8'));
    } catch (error) {
      throw new Error(`"${file}" is damaged: it is no JSON.`, { cause: error });
    }
    await lockRun(absolute);
    await removeTemporaryFiles(absolute);
    return new Run(
      absolute,
      config,
      new MetricsLog(path.join(absolute, METRICS)),
      new RunLog(path.join(absolute, LOG)),
    );
  }

  /** The last checkpoint; metrics that were logged after it are cut off. */
  async loadCheckpoint(): Promise<Checkpoint | undefined> {
    const file = path.join(this.path, CHECKPOINT);
    if (!existsSync(file)) {
      await this.metrics.truncate(0);
      return undefined;
    }
    const { specs, metadata } = await withSafetensors(file, async (opened) => opened);
    const { metricsBytes, ...counters } = parseCheckpoint(file, metadata);
    await this.metrics.truncate(metricsBytes);
    this.log.info('checkpoint loaded', { stage: counters.stage, iteration: counters.iteration });
    const read = (names: readonly string[]): Promise<HostTensors> =>
      withSafetensors(file, async (opened) => {
        const tensors: HostTensors = {};
        for (const name of names) tensors[name] = await opened.read(name);
        return tensors;
      });
    return { ...counters, tensors: { specs, read } };
  }

  async saveCheckpoint({ tensors, ...counters }: Checkpoint): Promise<void> {
    const metricsBytes = await this.metrics.length();
    await writeSafetensors(
      path.join(this.path, CHECKPOINT),
      tensors,
      formatCheckpoint({ ...counters, metricsBytes }),
    );
    this.log.info('checkpoint saved', { stage: counters.stage, iteration: counters.iteration });
  }

  logMetrics(record: MetricRecord): void {
    this.metrics.append(record);
  }

  /** All lines of the metrics log; a last line that a crash cut short is left out. */
  readMetrics(): Promise<MetricRecord[]> {
    return this.metrics.read();
  }

  async saveArrays(name: string, arrays: Readonly<HostTensors>): Promise<void> {
    await writeSafetensors(this.arraysFile(name), arrays);
  }

  async loadArrays(name: string): Promise<HostTensors | undefined> {
    const file = this.arraysFile(name);
    return existsSync(file) ? (await readSafetensors(file)).tensors : undefined;
  }

  /**
   * Writes a file of the run atomically; returns its absolute path. Missing folders are made.
   * @throws RangeError when the path leaves the run.
   */
  async writeFile(relative: string, bytes: Uint8Array): Promise<string> {
    const file = this.inside(relative);
    await atomicWriteFile(file, bytes);
    return file;
  }

  /** Lets another process open the run. */
  async close(): Promise<void> {
    this.log.info('closed');
    await this.log.close();
    await unlockRun(this.path);
  }

  private arraysFile(name: string): string {
    return this.inside(path.join(ARRAYS, `${name}.safetensors`));
  }

  private inside(relative: string): string {
    const file = path.resolve(this.path, relative);
    if (!file.startsWith(this.path + path.sep)) {
      throw new RangeError(`"${relative}" lies outside of the run "${this.path}".`);
    }
    return file;
  }
}

/**
 * Makes `root/00003-slug`, numbered after the runs that are there, and opens it. Processes that do
 * so at once get different numbers.
 * @throws RangeError when the slug is no plain name.
 */
export async function createRun(root: string, slug: string, config: unknown): Promise<Run> {
  if (!SLUG.test(slug)) {
    throw new RangeError(`"${slug}" cannot name a run: use letters, digits, ".", "_" and "-".`);
  }
  await mkdir(root, { recursive: true });
  for (;;) {
    const number = Math.max(-1, ...(await runNumbers(root))) + 1;
    const folder = path.join(root, `${String(number).padStart(5, '0')}-${slug}`);
    if (!(await makeFolder(folder))) continue;
    const holders = (await runNumbers(root)).filter((other) => other === number);
    if (holders.length > 1) {
      // Another process took the number under another slug at the same time: both try again.
      await rmdir(folder);
      await setTimeout(Math.random() * MAX_RETRY_DELAY);
      continue;
    }
    await atomicWriteFile(
      path.join(folder, CONFIG),
      Buffer.from(`${JSON.stringify(config, null, 2)}\n`),
    );
    return Run.open(folder);
  }
}

/** Opens an existing run directory. */
export function openRun(folder: string): Promise<Run> {
  return Run.open(folder);
}

async function runNumbers(root: string): Promise<number[]> {
  return (await readdir(root)).flatMap((name) => {
    const digits = NUMBERED.exec(name)?.[1];
    return digits === undefined ? [] : [Number(digits)];
  });
}

/** False when there is one already. */
async function makeFolder(folder: string): Promise<boolean> {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && isTemporaryFile(entry.name)) {
      await rm(path.join(entry.parentPath, entry.name), { force: true });
    }
  }
}

async function withSafetensors<T>(
  file: string,
  action: (opened: WeightsFile) => Promise<T>,
): Promise<T> {
  const opened = await openSafetensors(file);
  try {
    return await action(opened);
  } finally {
    await opened.close();
  }
}
