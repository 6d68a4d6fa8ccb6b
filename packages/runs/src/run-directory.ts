import { existsSync } from 'node:fs';
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { atomicWriteFile, isTemporaryFile } from '@ar-distill/checkpoints';
import type { Checkpoint, MetricRecord, RunStore } from '@ar-distill/core';
import type { HostTensors } from '@ar-distill/program';
import { CHECKPOINT_KEYS, formatCheckpoint, parseCheckpoint } from './checkpoint-metadata';
import { hasCode } from './error-code';
import { MetricsLog } from './metrics-log';
import { removeEmptyFolders } from './empty-folders';
import { readRunConfig, writeRunConfig } from './run-config';
import { RunLock, type LockOptions } from './run-lock';
import { RunLog } from './run-log';
import { ARRAYS, arraysFile, RunTensors } from './run-tensors';
import { whileWriting, writing } from './system-errors';
import { removeTemporaryFiles } from './temporary-files';
import { TensorBoardLog } from './tensorboard-log';

const METRICS = 'metrics.jsonl';
const LOG = 'log.jsonl';
const CHECKPOINT = 'checkpoint.safetensors';
const TENSORBOARD = 'tensorboard';
/** Milliseconds. */
const MAX_RETRY_DELAY = 20;
const NUMBERED = /^(\d{5,})-/;
/** A slug becomes part of a folder's name on every platform. */
const SLUG = /^[\w.-]+$/;

/** How a run is opened. */
export interface OpenRunOptions<Config> extends LockOptions {
  /**
   * Checks what `config.json` holds and gives it a type; throws a sentence on anything that is not
   * meant to be opened. Nothing in the folder has been touched then, not even the lock.
   */
  readonly parse: (config: unknown) => Config;
}

const asItIs: OpenRunOptions<unknown> = { parse: (config) => config };

/**
 * A directory that describes itself: `config.json`, `metrics.jsonl`, `log.jsonl`,
 * `checkpoint.safetensors`, `arrays/`, `tensorboard/` and whatever else is written into it. One process
 * at a time has it open.
 */
export class Run<Config = unknown> implements RunStore {
  private readonly tensors = new RunTensors();

  private constructor(
    /** Absolute path. */
    readonly path: string,
    private current: Config,
    private readonly metrics: MetricsLog,
    private readonly tensorBoard: TensorBoardLog,
    private readonly lock: RunLock,
    /** What happened in the run. */
    readonly log: RunLog,
  ) {
    log.info('opened', { node: process.version, platform: process.platform, config: current });
  }

  /** The resolved config that the run was made with, or what `reconfigure` put in its place. */
  get config(): Config {
    return this.current;
  }

  /**
   * Opens an existing run and removes what a killed process left half written.
   * @throws Error when it is none, its config does not pass, or another process is writing it.
   */
  static async open<Config>(
    folder: string,
    { parse, ...waiting }: OpenRunOptions<Config>,
  ): Promise<Run<Config>> {
    const absolute = path.resolve(folder);
    parse(readRunConfig(folder));
    const lock = await RunLock.acquire(absolute, waiting);
    try {
      // Once more: whoever held the lock until now may have changed it.
      const config = parse(readRunConfig(folder));
      await removeTemporaryFiles(absolute);
      return new Run(
        absolute,
        config,
        new MetricsLog(path.join(absolute, METRICS)),
        new TensorBoardLog(path.join(absolute, TENSORBOARD)),
        lock,
        openLog(path.join(absolute, LOG)),
      );
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  /** Replaces the config, in the run as well; the log keeps what has changed. */
  async reconfigure(config: Config): Promise<void> {
    this.lock.assertHeld();
    await writeRunConfig(this.path, config);
    this.log.info('config changed', { from: this.current, to: config });
    this.current = config;
  }

  /**
   * The last checkpoint; metrics that were logged after it are cut off.
   * @throws Error naming the file when its checksum shows that it is damaged.
   */
  async loadCheckpoint(): Promise<Checkpoint | undefined> {
    this.lock.assertHeld();
    this.tensorBoard.restart();
    const file = path.join(this.path, CHECKPOINT);
    const opened = await this.tensors.open(file, CHECKPOINT_KEYS);
    if (!opened) {
      await this.metrics.truncate(0);
      return undefined;
    }
    const { metricsBytes, ...counters } = parseCheckpoint(file, opened.metadata);
    await this.metrics.truncate(metricsBytes);
    this.log.info('checkpoint loaded', { stage: counters.stage, iteration: counters.iteration });
    return { ...counters, tensors: opened.tensors };
  }

  async saveCheckpoint({ tensors, ...counters }: Checkpoint): Promise<void> {
    this.lock.assertHeld();
    const metricsBytes = await this.metrics.length();
    await this.tensors.write(
      path.join(this.path, CHECKPOINT),
      tensors,
      formatCheckpoint({ ...counters, metricsBytes }),
    );
    this.log.info('checkpoint saved', { stage: counters.stage, iteration: counters.iteration });
  }

  logMetrics(record: MetricRecord): void {
    this.lock.assertHeld();
    this.metrics.append(record);
    const { stage, iteration, ...figures } = record;
    if (typeof stage !== 'string' || typeof iteration !== 'number') return;
    const values = Object.entries(figures).flatMap(([tag, value]) =>
      typeof value === 'number' ? [[tag, value] as const] : [],
    );
    this.tensorBoard.append(stage, iteration, Object.fromEntries(values));
  }

  /** Shows values in TensorBoard that are no metrics of a training, at a step, by their tags. */
  logScalars(subject: string, step: number, values: Readonly<Record<string, number>>): void {
    this.lock.assertHeld();
    this.tensorBoard.append(subject, step, values);
  }

  /** All lines of the metrics log; a last line that a crash cut short is left out. */
  readMetrics(): Promise<MetricRecord[]> {
    return this.metrics.read();
  }

  async saveArrays(name: string, arrays: Readonly<HostTensors>): Promise<void> {
    this.lock.assertHeld();
    await this.tensors.write(this.arraysFile(name), arrays);
  }

  async loadArrays(name: string): Promise<HostTensors | undefined> {
    return this.tensors.read(this.arraysFile(name));
  }

  /** Forgets the arrays saved under the name, if any. */
  async removeArrays(name: string): Promise<void> {
    this.lock.assertHeld();
    await rm(this.arraysFile(name), { force: true });
  }

  /** Names of all arrays that are saved. */
  async arrayNames(): Promise<string[]> {
    const folder = this.inside(ARRAYS);
    if (!existsSync(folder)) return [];
    const extension = '.safetensors';
    return (await readdir(folder))
      .filter((file) => file.endsWith(extension) && !isTemporaryFile(file))
      .map((file) => file.slice(0, -extension.length))
      .sort();
  }

  /**
   * Writes a file of the run atomically; returns its absolute path. Missing folders are made.
   * @throws RangeError when the path leaves the run.
   */
  async writeFile(relative: string, bytes: Uint8Array): Promise<string> {
    const file = this.inside(relative);
    this.lock.assertHeld();
    await writing(file, () => atomicWriteFile(file, bytes));
    return file;
  }

  /** Lets another process open the run. */
  async close(): Promise<void> {
    this.log.info('closed');
    await this.log.close();
    await this.lock.release();
  }

  private arraysFile(name: string): string {
    return this.inside(arraysFile(this.path, name));
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
export function createRun(root: string, slug: string, config: unknown): Promise<Run>;
export function createRun<Config>(
  root: string,
  slug: string,
  config: unknown,
  options: OpenRunOptions<Config>,
): Promise<Run<Config>>;
export async function createRun(
  root: string,
  slug: string,
  config: unknown,
  options: OpenRunOptions<unknown> = asItIs,
): Promise<Run> {
  if (!SLUG.test(slug)) {
    throw new RangeError(`"${slug}" cannot name a run: use letters, digits, ".", "_" and "-".`);
  }
  const made = await writing(root, () => mkdir(root, { recursive: true }));
  let folder: string | undefined;
  try {
    folder = await writing(root, () => makeNumberedFolder(root, slug));
    await writeRunConfig(folder, config);
    return await Run.open(folder, options);
  } catch (error) {
    // A folder without its config would be no run, yet take a number.
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
    if (made !== undefined) await removeEmptyFolders(root, made);
    throw error;
  }
}

/** Opens an existing run directory. */
export function openRun(folder: string): Promise<Run>;
export function openRun<Config>(
  folder: string,
  options: OpenRunOptions<Config>,
): Promise<Run<Config>>;
export function openRun(
  folder: string,
  options: OpenRunOptions<unknown> = asItIs,
): Promise<Run> {
  return Run.open(folder, options);
}

function openLog(file: string): RunLog {
  try {
    return new RunLog(file);
  } catch (error) {
    throw whileWriting(file, error);
  }
}

async function makeNumberedFolder(root: string, slug: string): Promise<string> {
  for (;;) {
    const number = Math.max(-1, ...(await runNumbers(root))) + 1;
    const folder = path.join(root, `${String(number).padStart(5, '0')}-${slug}`);
    if (!(await makeFolder(folder))) continue;
    const holders = (await runNumbers(root)).filter((other) => other === number);
    if (holders.length === 1) return folder;
    // Another process took the number under another slug at the same time: both try again.
    await rmdir(folder);
    await setTimeout(Math.random() * MAX_RETRY_DELAY);
  }
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
