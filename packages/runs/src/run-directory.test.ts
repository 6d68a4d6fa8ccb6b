import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { float32, int32, tensorSource } from '@ar-distill/program';
import { createRun, openRun, type Run } from './run-directory';

const TENSORS = {
  weight: float32([2], Float32Array.of(1, 2)),
  step: int32([], Int32Array.of(7)),
};
const COUNTERS = { stage: 'gts', iteration: 2, cursor: { seconds: 1.5 } };
const CHECKPOINT = { ...COUNTERS, tensors: tensorSource(TENSORS) };

let root = '';
beforeEach(() => (root = mkdtempSync(path.join(tmpdir(), 'runs-'))));
afterEach(() => rmSync(root, { recursive: true }));

const lines = (run: Run): string => readFileSync(path.join(run.path, 'metrics.jsonl'), 'utf8');

describe('createRun', () => {
  it('numbers runs after those that are there', async () => {
    mkdirSync(path.join(root, '00041-old'));
    mkdirSync(path.join(root, '7-other'));
    const run = await createRun(root, 'mnist-var', { seed: 1, settings: { width: 8 } });
    expect(path.basename(run.path)).toBe('00042-mnist-var');
    expect(path.isAbsolute(run.path)).toBe(true);
    await run.close();
    expect((await openRun(run.path)).config).toEqual({ seed: 1, settings: { width: 8 } });
  });

  it('gives runs that are made at once different numbers', async () => {
    const slugs = Array.from({ length: 12 }, (_, i) => `slug-${i % 4}`);
    const runs = await Promise.all(slugs.map((slug) => createRun(path.join(root, 'new'), slug, {})));
    const numbers = runs.map((run) => path.basename(run.path).slice(0, 5));
    expect(new Set(numbers).size).toBe(12);
    expect(readdirSync(path.join(root, 'new'))).toHaveLength(12);
  });

  it('leaves no folder behind when the run cannot be made', async () => {
    const parse = (): never => {
      throw new Error('refused');
    };
    await expect(createRun(root, 'a', {}, { parse })).rejects.toThrow('refused');
    expect(readdirSync(root)).toEqual([]);
  });

  it('refuses slugs that are no plain names', async () => {
    await expect(createRun(root, '../x', {})).rejects.toThrow(/"\.\.\/x" cannot name a run/);
  });
});

describe('openRun', () => {
  it('refuses what is no run', async () => {
    await expect(openRun(root)).rejects.toThrow(/is no run directory: it holds no config.json/);
    writeFileSync(path.join(root, 'config.json'), '{');
    await expect(openRun(root)).rejects.toThrow(/is damaged/);
  });

  it('refuses a run that is open, and takes over that of a dead process', async () => {
    const run = await createRun(root, 'a', {});
    await expect(openRun(run.path)).rejects.toThrow(`is in use by process ${process.pid}`);
    await run.close();
    writeFileSync(path.join(run.path, 'lock'), String(2 ** 30));
    const reopened = await openRun(run.path);
    await reopened.close();
    expect(readdirSync(run.path)).toEqual(['config.json', 'log.jsonl']);
  });

  it('touches nothing of a run that is not meant', async () => {
    const run = await createRun(root, 'a', { command: 'other' });
    run.logMetrics({ iteration: 1 });
    await run.close();
    const files = { lock: String(2 ** 30), '.x.0123456789ab.tmp': 'part' };
    for (const [name, text] of Object.entries(files)) writeFileSync(path.join(run.path, name), text);
    const before = readdirSync(run.path);
    const parse = (config: unknown): never => {
      throw new Error(`not ${JSON.stringify(config)}`);
    };
    await expect(openRun(run.path, { parse })).rejects.toThrow('not {"command":"other"}');
    expect(readdirSync(run.path)).toEqual(before);
    expect(readFileSync(path.join(run.path, 'lock'), 'utf8')).toBe(files.lock);
    expect(lines(run)).toBe('{"iteration":1}\n');
  });

  it('knows the config that the last owner left', async () => {
    const run = await createRun(root, 'a', { version: 1 });
    await run.close();
    let looks = 0;
    const parse = (config: unknown): unknown => {
      if (looks++ === 0) writeFileSync(path.join(run.path, 'config.json'), '{"version":2}');
      return config;
    };
    const reopened = await openRun(run.path, { parse });
    expect(reopened.config).toEqual({ version: 2 });
    await reopened.close();
  });

  it('gives the run back when it cannot be opened after all', async () => {
    const run = await createRun(root, 'a', {});
    await run.close();
    const before = readdirSync(run.path);
    expect(before).toEqual(['config.json', 'log.jsonl']);
    let looks = 0;
    const parse = (): void => {
      if (looks++ === 1) throw new Error('changed');
    };
    await expect(openRun(run.path, { parse })).rejects.toThrow('changed');
    expect(readdirSync(run.path)).toEqual(before);
  });

  it.each(['folder', 'pipe'])('refuses a config that is a %s', async (kind) => {
    const config = path.join(root, 'config.json');
    if (kind === 'folder') mkdirSync(config);
    else if (process.platform !== 'win32') execFileSync('mkfifo', [config]);
    else return;
    await expect(openRun(root)).rejects.toThrow(`"${config}" is no plain file`);
  });

  it('removes what a killed process left half written', async () => {
    const run = await createRun(root, 'a', {});
    const left = path.join(run.path, 'arrays', '.pool.safetensors.0123456789ab.tmp');
    await run.saveArrays('pool', TENSORS);
    await run.close();
    writeFileSync(left, 'part');
    await openRun(run.path);
    expect(readdirSync(path.dirname(left))).toEqual(['pool.safetensors']);
  });
});

describe('Run', () => {
  let run: Run;
  beforeEach(async () => {
    run = await createRun(root, 'test', {});
  });

  it('writes nothing once another process has it', async () => {
    const before = readdirSync(run.path);
    writeFileSync(path.join(run.path, 'lock'), '77');
    const message = /was taken over by process 77/;
    expect(() => run.logMetrics({ iteration: 1 })).toThrow(message);
    await expect(run.loadCheckpoint()).rejects.toThrow(message);
    await expect(run.saveCheckpoint(CHECKPOINT)).rejects.toThrow(message);
    await expect(run.saveArrays('x', TENSORS)).rejects.toThrow(message);
    await expect(run.writeFile('x', Buffer.of(1))).rejects.toThrow(message);
    await run.close();
    expect(readdirSync(run.path)).toEqual(before);
  });

  it('keeps checkpoints', async () => {
    expect(await run.loadCheckpoint()).toBeUndefined();
    await run.saveCheckpoint({ ...CHECKPOINT, iteration: 1 });
    await run.saveCheckpoint(CHECKPOINT);
    const { tensors, ...counters } = (await run.loadCheckpoint())!;
    expect(counters).toEqual(COUNTERS);
    expect(tensors.specs).toEqual(CHECKPOINT.tensors.specs);
    expect(await tensors.read(Object.keys(TENSORS))).toEqual(TENSORS);
  });

  it('refuses a file that is no checkpoint', async () => {
    await run.saveArrays('x', TENSORS);
    const arrays = readFileSync(path.join(run.path, 'arrays', 'x.safetensors'));
    writeFileSync(path.join(run.path, 'checkpoint.safetensors'), arrays);
    await expect(run.loadCheckpoint()).rejects.toThrow(/is no checkpoint of a run/);
  });

  it('forgets metrics that were logged after the checkpoint', async () => {
    run.logMetrics({ iteration: 1, loss: 0.5 });
    await run.saveCheckpoint(CHECKPOINT);
    run.logMetrics({ iteration: 2, loss: 0.25 });
    appendFileSync(path.join(run.path, 'metrics.jsonl'), '{"iteration":3,"lo');
    expect(await run.readMetrics()).toHaveLength(2);
    await run.loadCheckpoint();
    run.logMetrics({ iteration: 2, loss: 0.125 });
    expect(lines(run)).toBe('{"iteration":1,"loss":0.5}\n{"iteration":2,"loss":0.125}\n');
  });

  it('forgets all metrics when there is no checkpoint', async () => {
    expect(await run.readMetrics()).toEqual([]);
    run.logMetrics({ iteration: 1 });
    await run.loadCheckpoint();
    expect(lines(run)).toBe('');
  });

  it('drops a line that a power cut left shorter than the checkpoint knew it', async () => {
    run.logMetrics({ iteration: 1 });
    run.logMetrics({ iteration: 2 });
    await run.saveCheckpoint(CHECKPOINT);
    truncateSync(path.join(run.path, 'metrics.jsonl'), 25);
    await run.loadCheckpoint();
    run.logMetrics({ iteration: 3 });
    expect(await run.readMetrics()).toEqual([{ iteration: 1 }, { iteration: 3 }]);
  });

  it('names a damaged line', async () => {
    appendFileSync(path.join(run.path, 'metrics.jsonl'), '{"a":1}\n{"b":\n');
    await expect(run.readMetrics()).rejects.toThrow(/^Line 2 of ".*metrics.jsonl" is damaged/);
  });

  it('keeps arrays by name', async () => {
    expect(await run.loadArrays('stage/pool')).toBeUndefined();
    await run.saveArrays('stage/pool', TENSORS);
    expect(await run.loadArrays('stage/pool')).toEqual(TENSORS);
  });

  it('writes files inside of itself only', async () => {
    const file = await run.writeFile('samples/000100.png', Buffer.from('png'));
    expect(file).toBe(path.join(run.path, 'samples', '000100.png'));
    expect(readFileSync(file, 'utf8')).toBe('png');
    await expect(run.writeFile('../escaped', Buffer.of(1))).rejects.toThrow(/lies outside/);
    await expect(run.saveArrays('../../escaped', {})).rejects.toThrow(/lies outside/);
  });
});
