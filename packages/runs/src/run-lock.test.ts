import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import * as promises from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { hasProcess, livenessOf, ownIdentity } from './process-identity';
import { RunLock } from './run-lock';

jest.mock('node:fs/promises', () => ({
  __esModule: true,
  ...jest.requireActual<typeof promises>('node:fs/promises'),
}));

const LINUX = process.platform === 'linux';
const itOnLinux = LINUX ? it : it.skip;
const itWithSignals = process.platform === 'win32' ? it.skip : it;
const WORKSPACE = path.join(__dirname, '../../..');
const NO_PROCESS = 2 ** 22 + 1;

const scripts = mkdtempSync(path.join(tmpdir(), 'lock-scripts-'));
afterAll(() => rmSync(scripts, { recursive: true }));

let folder = '';
let file = '';
let children: ChildProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'lock-'));
  file = path.join(folder, 'lock');
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
  children = [];
  rmSync(folder, { recursive: true, force: true });
});

/** A lock as this process would write it, with some fields changed. */
const lockOf = (changes: object): string =>
  JSON.stringify({ ...ownIdentity(), token: 't', since: '2020-02-02T02:02:02.000Z', ...changes });

function writeLock(text: string, secondsAgo = 0): void {
  writeFileSync(file, text);
  const date = Date.now() / 1000 - secondsAgo;
  utimesSync(file, date, date);
}

/** Takes the lock, looks at it, gives it back. */
async function take(options = {}): Promise<void> {
  const lock = await RunLock.acquire(folder, options);
  lock.assertHeld();
  await lock.release();
  expect(readdirSync(folder)).toEqual([]);
}

/** Runs a process that takes the lock and keeps it; `prefix` is a command that starts it. */
function start(...prefix: readonly string[]): { child: ChildProcess; output: () => string } {
  const script = path.join(scripts, 'hold.ts');
  writeFileSync(
    script,
    `import { RunLock } from '${__dirname}/run-lock';
     RunLock.acquire(process.argv[2]!).then(
       () => { console.log('held'); setInterval(() => undefined, 1000); },
       (error) => { console.log('refused: ' + error.message); },
     );`,
  );
  const hook = path.join(WORKSPACE, 'tools/jest/register.js');
  const [command, ...args] = [
    ...prefix,
    ...[process.execPath, '-C', '@ar-distill/source', '-r', hook, script, folder],
  ];
  const child = spawn(command!, args, { cwd: WORKSPACE, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let output = '';
  child.stdout!.on('data', (chunk) => (output += String(chunk)));
  return { child, output: () => output };
}

async function said({ child, output }: ReturnType<typeof start>): Promise<string> {
  while (!output() && child.exitCode === null) await setTimeout(20);
  return output().trim();
}

describe('a lock', () => {
  it('says who holds it, is dated anew while it is held, and goes away', async () => {
    const lock = await RunLock.acquire(folder);
    const { host, pid, token, since, ...rest } = JSON.parse(readFileSync(file, 'utf8'));
    expect({ host, pid }).toEqual({ host: ownIdentity().host, pid: process.pid });
    expect(token).toMatch(/^[0-9a-f]{32}$/);
    expect(Date.now() - Date.parse(since)).toBeLessThan(5000);
    if (LINUX) {
      const [boot] = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').split('\n');
      const stat = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ');
      expect(rest).toEqual({
        boot,
        folder: String(statSync(folder).ino),
        start: stat[19],
        namespace: readlinkSync('/proc/self/ns/pid'),
      });
    }
    const text = readFileSync(file, 'utf8');
    utimesSync(file, 1, 1);
    await setTimeout(2500);
    expect((await promises.stat(file)).mtimeMs).toBeGreaterThan(1e12);
    expect(readFileSync(file, 'utf8')).toBe(text);
    await lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is refused to a second owner in the same process', async () => {
    const lock = await RunLock.acquire(folder);
    await expect(RunLock.acquire(folder)).rejects.toThrow(`is in use by process ${process.pid}`);
    await lock.release();
    await take();
  });

  it('says in a copy of its run that it is none of the copy', async () => {
    const lock = await RunLock.acquire(folder);
    const copy = path.join(folder, 'copy');
    mkdirSync(copy);
    const copied = path.join(copy, 'lock');
    writeFileSync(copied, readFileSync(file));
    await expect(RunLock.acquire(copy)).rejects.toThrow(
      `is a copy of one that is in use by process ${process.pid} since`,
    );
    await expect(RunLock.acquire(copy)).rejects.toThrow(`delete "${copied}" to go on with the copy.`);
    // The run itself may be called otherwise by now.
    const renamed = `${folder}-renamed`;
    await promises.rename(folder, renamed);
    await expect(RunLock.acquire(renamed)).rejects.toThrow('is in use by process');
    await promises.rename(renamed, folder);
    await lock.release();
  });

  it('is made without hard links, too', async () => {
    const link = jest
      .spyOn(promises, 'link')
      .mockRejectedValue(Object.assign(new Error(), { code: 'EPERM' }));
    const lock = await RunLock.acquire(folder);
    expect(link).toHaveBeenCalled();
    expect(readdirSync(folder)).toEqual(['lock']);
    await expect(RunLock.acquire(folder)).rejects.toThrow('is in use by process');
    await lock.release();
  });

  it('names the file when it cannot be written, and leaves nothing', async () => {
    jest
      .spyOn(promises, 'link')
      .mockRejectedValue(Object.assign(new Error('no space'), { code: 'ENOSPC' }));
    await expect(RunLock.acquire(folder)).rejects.toThrow(
      `The lock "${file}" cannot be written (ENOSPC): check`,
    );
    expect(readdirSync(folder)).toEqual([]);
    await expect(RunLock.acquire(path.join(folder, 'nowhere'))).rejects.toThrow(/\(ENOENT\): check/);
  });
});

describe('a lock that was lost', () => {
  it('is noticed before anything is written, and left to the new owner', async () => {
    const lock = await RunLock.acquire(folder);
    const other = lockOf({ host: 'elsewhere', pid: 77 });
    writeFileSync(file, other);
    expect(() => lock.assertHeld()).toThrow('was taken over by process 77 on "elsewhere" since 2020');
    await lock.release();
    expect(readFileSync(file, 'utf8')).toBe(other);
  });

  it('is noticed when it was deleted, but not when it was only away for a moment', async () => {
    const lock = await RunLock.acquire(folder);
    const away = path.join(folder, 'lock.away');
    await promises.rename(file, away);
    expect(() => lock.assertHeld()).toThrow(/is gone, so that nothing more is written: resume/);
    // Another process brings it back while this one looks.
    const back = spawn('sh', ['-c', 'read _; sleep 0.02; mv "$0" "$1"', away, file], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    children.push(back);
    await setTimeout(200);
    back.stdin!.write('\n');
    lock.assertHeld();
    await lock.release();
  });
});

describe('what is left of a lock', () => {
  const dead = { pid: NO_PROCESS };
  itOnLinux.each([
    ['a dead process', () => lockOf(dead)],
    ['a dead process of an older version', () => String(NO_PROCESS)],
    ['an earlier process with the number of this one', () => lockOf({ start: '1' })],
    ['an earlier process with a number that is used again', () => lockOf({ pid: process.ppid, start: '1' })],
    ['an older version with the number of this process', () => String(process.pid)],
  ])('of %s is taken over at once', async (_who, text) => {
    writeLock(text());
    const started = performance.now();
    await take();
    expect(performance.now() - started).toBeLessThan(1500);
  });

  it.each([
    ['another boot', { boot: 'before' }],
    ['another machine', { host: 'elsewhere' }],
    ['a machine without a name', { host: '' }],
    ['another number space', { namespace: 'pid:[1]' }],
    ['a system that tells nothing', { boot: undefined, start: undefined, namespace: undefined }],
  ])('of %s is taken over once it is silent', async (_what, changes) => {
    writeLock(lockOf(changes), 21);
    await take();
    // A clock that runs ahead must not make it last.
    writeLock(lockOf(changes), 19);
    const started = performance.now();
    await take();
    expect(performance.now() - started).toBeGreaterThan(400);
  });

  it.each([
    ['nothing', ''],
    ['no sense', '\u0000\u0000garbage\n'],
    ['half a lock', lockOf(dead).slice(0, 60)],
    ['another document', '[1]'],
    ['an owner without a number', lockOf({ pid: -1 })],
    ['a host with control characters', lockOf({ host: '\u001b[31m' })],
    ['megabytes', 'x'.repeat(3_000_000)],
  ])('with %s in it is taken over after a moment', async (_what, text) => {
    writeLock(text, 4.5);
    const sentences: string[] = [];
    const started = process.cpuUsage();
    await take({ onWait: (sentence: string) => sentences.push(sentence) });
    expect(process.cpuUsage(started).user).toBeLessThan(400_000);
    expect(sentences).toEqual([`The lock "${file}" makes no sense: waiting whether anybody writes it.`]);
  });

  it('is waited for until the signal aborts', async () => {
    writeLock('');
    const signal = AbortSignal.timeout(100);
    const started = performance.now();
    await expect(RunLock.acquire(folder, { signal })).rejects.toMatchObject({
      name: expect.stringMatching(/AbortError|TimeoutError/),
    });
    expect(performance.now() - started).toBeLessThan(1500);
    expect(readFileSync(file, 'utf8')).toBe('');
  });

  itWithSignals('is no plain file: one sentence', async () => {
    const sentence = `"${file}" is no plain file: delete it or move it away.`;
    mkdirSync(file);
    await expect(RunLock.acquire(folder)).rejects.toThrow(sentence);
    rmSync(file, { recursive: true });
    symlinkSync('/dev/zero', file);
    await expect(RunLock.acquire(folder)).rejects.toThrow(sentence);
    rmSync(file);
    execFileSync('mkfifo', [file]);
    await expect(RunLock.acquire(folder)).rejects.toThrow(sentence);
    expect(existsSync(file)).toBe(true);
  });
});

describe('a lock in use', () => {
  itOnLinux.each([
    ['this machine', () => lockOf({ pid: process.ppid, start: startTicksOf(process.ppid) }), /process \d+ since 2020-02-02T02:02:02.000Z: wait for it, or stop it first\.$/],
    ['an older version', () => String(process.ppid), /process \d+, says a lock of an older version: .* delete ".*lock" if/],
  ])('by a process of %s is refused', async (_where, text, sentence) => {
    // However long it was silent.
    writeLock(text(), 1000);
    await expect(RunLock.acquire(folder)).rejects.toThrow(sentence);
    expect(readFileSync(file, 'utf8')).toBe(text());
  });

  it('by a process of another machine is refused when that writes it again', async () => {
    writeLock(lockOf({ host: 'elsewhere', pid: 5 }), 3600);
    // An hour behind or ahead: only the change counts.
    const future = Date.now() / 1000 + 3600;
    utimesSync(file, future, future);
    const taken = RunLock.acquire(folder);
    const refused = expect(taken).rejects.toThrow('is in use by process 5 on "elsewhere" since');
    await setTimeout(700);
    utimesSync(file, future + 1, future + 1);
    await refused;
  });

  it('is had by one of several processes that find the same dead one', async () => {
    writeLock(lockOf({ pid: NO_PROCESS }));
    const outputs = await Promise.all([start(), start(), start(), start()].map(said));
    expect(outputs.filter((output) => output === 'held')).toHaveLength(1);
    expect(outputs.filter((output) => /^refused: .* is in use by process/.test(output))).toHaveLength(3);
    expect(readdirSync(folder)).toEqual(['lock']);
  });

  itWithSignals('is kept by a suspended process, and free once that was killed', async () => {
    const holder = start();
    expect(await said(holder)).toBe('held');
    holder.child.kill('SIGSTOP');
    writeLock(readFileSync(file, 'utf8'), 60);
    await expect(RunLock.acquire(folder)).rejects.toThrow(`is in use by process ${holder.child.pid}`);
    holder.child.kill('SIGKILL');
    await once(holder.child, 'exit');
    await take();
  });
});

const UNSHARE = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];
const canUnshare = LINUX && spawnSync(UNSHARE[0]!, [...UNSHARE.slice(1), 'true']).status === 0;

(canUnshare ? describe : describe.skip)('two processes of one number in two number spaces', () => {
  it('have one run one after the other', async () => {
    const first = start(...UNSHARE);
    expect(await said(first)).toBe('held');
    const { pid } = JSON.parse(readFileSync(file, 'utf8'));
    expect(pid).toBe(1);
    const second = start(...UNSHARE);
    expect(await said(second)).toMatch(
      /^refused: .* is in use by process 1 of another container of this machine since/,
    );
    first.child.kill('SIGKILL');
    await once(first.child, 'exit');
    const third = start(...UNSHARE);
    expect(await said(third)).toBe('held');
  });
});

describe('livenessOf', () => {
  it('knows this process, the dead, and what it cannot see', () => {
    const own = ownIdentity();
    if (LINUX) expect(livenessOf(own)).toBe('alive');
    expect(livenessOf({ ...own, host: 'elsewhere' })).toBe('unknown');
    expect(livenessOf({ ...own, start: undefined })).toBe('unknown');
    expect(hasProcess(process.pid)).toBe(true);
    expect(hasProcess(NO_PROCESS)).toBe(false);
  });

  itOnLinux('counts a zombie as dead', async () => {
    // The shell starts a child that ends, and never asks for it.
    const parent = spawn('sh', ['-c', 'sleep 0.2 & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'inherit'] });
    children.push(parent);
    const [chunk] = await once(parent.stdout!, 'data');
    const pid = Number(String(chunk));
    const zombie = { ...ownIdentity(), pid, start: startTicksOf(pid) };
    expect(livenessOf(zombie)).toBe('alive');
    await setTimeout(800);
    expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ');
    expect(livenessOf(zombie)).toBe('dead');
  });
});

/** Field 22, by a way of its own. */
function startTicksOf(pid: number): string {
  return execFileSync('sed', ['-E', 's/.*\\) //', `/proc/${pid}/stat`], { encoding: 'utf8' }).split(' ')[19]!;
}
