import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { QUICK_RUNS, type QuickRun } from './quick-runs';
import { keepResult, makeResult, resultFolder } from './result';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'same-bytes-test-'));
});
afterEach(() => rm(root, { recursive: true }));

describe('the cache', () => {
  it('makes a result once', async () => {
    const folder = path.join(root, 'commit', 'preset');
    let made = 0;
    const make = async (temporary: string): Promise<void> => {
      expect(existsSync(folder)).toBe(false);
      await writeFile(path.join(temporary, 'a'), String(++made));
    };
    await keepResult(folder, make);
    await keepResult(folder, make);
    expect(made).toBe(1);
    expect(await readFile(path.join(folder, 'a'), 'utf8')).toBe('1');
    expect(await readdir(path.dirname(folder))).toEqual(['preset']);
  });

  it('holds nothing half made', async () => {
    const folder = path.join(root, 'commit', 'preset');
    const failing = keepResult(folder, async (temporary) => {
      await writeFile(path.join(temporary, 'a'), '');
      throw new Error('Interrupted.');
    });
    await expect(failing).rejects.toThrow('Interrupted.');
    expect(await readdir(path.dirname(folder))).toEqual([]);
  });

  it('knows results by commit and by what the command is told', () => {
    const [quick] = QUICK_RUNS as readonly [QuickRun];
    const folder = resultFolder('0123456789abcdef', quick, {
      entry: 'a.js',
      config: { a: 1, b: { c: 2, d: 3 } },
    });
    expect(folder).toMatch(/^0123456789ab-[0-9a-f]{8}.mnist-var-[0-9a-f]{8}$/);
    const other = (commit: string, config: Readonly<Record<string, unknown>>): string =>
      resultFolder(commit, quick, { entry: 'b.js', config });
    expect(other('0123456789abcdef', { b: { d: 3, c: 2 }, a: 1 })).toBe(folder);
    expect(other('0123456789abcdef', { a: 1, b: { c: 2, d: 4 } })).not.toBe(folder);
    expect(other('1123456789abcdef', { a: 1, b: { c: 2, d: 3 } })).not.toBe(folder);
  });
});

describe('a result', () => {
  /** Stands for the command: keeps what it is told where a run's files would be. */
  const COMMAND = `
    const fs = require('node:fs');
    const [command, ...args] = process.argv.slice(2);
    const of = (flag) => args[args.indexOf(flag) + 1];
    console.log(command);
    if (command === 'sample') {
      fs.writeFileSync(of('--npz'), args.filter((arg) => !arg.includes('/')).join(' '));
    } else {
      const { out, ...told } = JSON.parse(fs.readFileSync(of('--config'), 'utf8'));
      fs.mkdirSync(out + '/00000-p/arrays', { recursive: true });
      fs.writeFileSync(out + '/00000-p/checkpoint.safetensors', '');
      fs.writeFileSync(out + '/00000-p/config.json', JSON.stringify(told));
    }`;
  const quick: QuickRun = { preset: 'p', samples: 1, sampled: true, settings: { seed: 1 } };
  const dialect = { entry: 'main.js', config: { preset: 'p', settings: { seed: 1 }, threads: 1 } };
  const { signal } = new AbortController();

  it('is what the run and the samples leave', async () => {
    await writeFile(path.join(root, 'main.js'), COMMAND);
    await keepResult(path.join(root, 'result'), (folder) =>
      makeResult(root, quick, dialect, folder, signal),
    );
    const read = (name: string): Promise<string> =>
      readFile(path.join(root, 'result', name), 'utf8');
    expect((await readdir(path.join(root, 'result'))).sort()).toEqual([
      'arrays',
      'checkpoint.safetensors',
      'config.json',
      'log.txt',
      'samples.npz',
    ]);
    expect(JSON.parse(await read('config.json'))).toEqual(dialect.config);
    expect(await read('log.txt')).toBe('distill\nsample\n');
    expect(await read('samples.npz')).toBe(
      '--preset p --weights --count 100 --seed 0 --npz --out --threads 1',
    );
  });

  it('is none when the run used other settings, or failed', async () => {
    const other = { ...dialect, config: { ...dialect.config, settings: { seed: 2 } } };
    const recordsOther = COMMAND.replace(
      'JSON.stringify(told)',
      `'${JSON.stringify(other.config)}'`,
    );
    await writeFile(path.join(root, 'main.js'), recordsOther);
    const make = (): Promise<void> =>
      keepResult(path.join(root, 'result'), (folder) =>
        makeResult(root, quick, dialect, folder, signal),
      );
    await expect(make()).rejects.toThrow('The run used settings.seed = 2, not 1');
    await writeFile(
      path.join(root, 'main.js'),
      'console.error("No such preset."); process.exit(3)',
    );
    await expect(make()).rejects.toThrow(/ended with 3:\nNo such preset\.$/);
    expect(existsSync(path.join(root, 'result'))).toBe(false);
  });
});
