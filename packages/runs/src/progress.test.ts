import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { createProgressReporter } from './progress';

function record(isTTY: boolean, columns = 120, TERM = 'xterm') {
  const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY, columns });
  const reporter = createProgressReporter(stream, { TERM });
  return { reporter, written: (): string => String(stream.read() ?? '') };
}

/** What a terminal shows of text: rewritten lines as they were last. */
function screen(text: string): string[] {
  const lines = [''];
  let column = 0;
  for (const [part] of text.matchAll(/\u001b\[[0-9?]*[A-Za-z]|[^\u001b]/gsu)) {
    const line = lines.at(-1)!;
    if (part === '\n') column = lines.push('') && 0;
    else if (part === '\u001b[1G') column = 0;
    else if (part === '\u001b[0K') lines[lines.length - 1] = line.slice(0, column);
    else if (part.startsWith('\u001b')) throw new Error(`Not understood: ${JSON.stringify(part)}`);
    else lines[lines.length - 1] = line.slice(0, column++) + part + line.slice(column);
  }
  return lines;
}

const tick = (seconds: number): void => void jest.advanceTimersByTime(1000 * seconds);

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('createProgressReporter in a file', () => {
  it('writes a line about every ten seconds, and the last one', () => {
    const { written, reporter } = record(false);
    for (let done = 1; done <= 50; done++) {
      tick(0.5);
      reporter.update({ stage: 'gts', done, total: 50, metrics: { loss: 1 / done } });
    }
    const lines = written().split('\n');
    expect(lines).toHaveLength(5);
    expect(lines[1]).toBe('gts 21/50 (42%) · 2.0 it/s · 15s to go · loss 0.04762');
    expect(lines[3]).toBe('gts 50/50 (100%) · 2.0 it/s · loss 0.02000');
  });

  it('does not count what was done before a resume, and starts anew with a stage', () => {
    const { written, reporter } = record(false);
    reporter.update({ stage: 'a', done: 900, total: 1000, metrics: {} });
    tick(10);
    reporter.update({ stage: 'a', done: 901, total: 1000, metrics: {} });
    reporter.update({ stage: 'b', done: 1, total: 10, metrics: {} });
    expect(written()).toBe(
      [
        'a 900/1000 (90%)',
        'a 901/1000 (90%) · 10.0 s/it · 16m 30s to go',
        'b 1/10 (10%)',
        '',
      ].join('\n'),
    );
  });

  it('keeps its interval over messages', () => {
    const { written, reporter } = record(false);
    for (const done of [1, 2, 3]) {
      reporter.update({ stage: 'a', done, total: 10, metrics: {} });
      reporter.message('Saved.');
    }
    reporter.close();
    expect(written()).toBe('a 1/10 (10%)\nSaved.\nSaved.\nSaved.\n');
  });

  it('survives a stage without work', () => {
    const { written, reporter } = record(false);
    reporter.update({ stage: 'none', done: 0, total: 0, metrics: {} });
    expect(written()).toBe('none 0/0 (0%)\n');
  });
});

describe('createProgressReporter on a terminal', () => {
  it('writes plain lines where nothing can be rewritten', () => {
    const { written, reporter } = record(true, 120, 'dumb');
    reporter.update({ stage: 'a', done: 1, total: 2, metrics: {} });
    reporter.update({ stage: 'a', done: 2, total: 2, metrics: {} });
    expect(written()).toMatch(/^a 1\/2 [^\u001b\r]*\na 2\/2 [^\u001b\r]*\n$/);
  });

  it('rewrites one line with a bar, and writes messages between lines', () => {
    const { written, reporter } = record(true);
    for (const done of [1, 2, 3]) {
      reporter.update({ stage: 'score', done, total: 4, metrics: { loss: 0.5 } });
      tick(2);
    }
    reporter.message('Saved.');
    tick(2);
    reporter.update({ stage: 'score', done: 4, total: 4, metrics: { loss: 0.25 } });
    expect(screen(written())).toEqual([
      `score ${'█'.repeat(15)}${'░'.repeat(5)} 3/4 (75%) · 2.0 s/it · 2s to go · loss 0.5000`,
      'Saved.',
      `score ${'█'.repeat(20)} 4/4 (100%) · 2.2 s/it · loss 0.2500`,
      '',
    ]);
  });

  it('leaves out what does not fit into the width of the terminal', () => {
    const { written, reporter } = record(true, 34);
    reporter.update({ stage: 'score', done: 1, total: 3, metrics: { loss: 0.5 } });
    reporter.close();
    expect(screen(written())).toEqual([`score ${'█'.repeat(3)}${'░'.repeat(7)} 1/3 (33%)`, '']);
  });

  it('goes to a new line with a stage that never ended', () => {
    const { written, reporter } = record(true);
    reporter.update({ stage: 'a', done: 1, total: 2, metrics: {} });
    reporter.update({ stage: 'b', done: 1, total: 2, metrics: {} });
    reporter.close();
    reporter.close();
    const bar = '█'.repeat(10) + '░'.repeat(10);
    expect(screen(written())).toEqual([`a ${bar} 1/2 (50%)`, `b ${bar} 1/2 (50%)`, '']);
  });

  it('redraws at most about ten times a second', () => {
    const { written, reporter } = record(true);
    for (let done = 1; done < 100; done++) {
      reporter.update({ stage: 's', done, total: 100, metrics: {} });
      tick(0.01);
    }
    const drawn = written().split('\u001b[1G').length - 1;
    expect(drawn).toBeGreaterThan(5);
    expect(drawn).toBeLessThanOrEqual(11);
  });

  it('redraws when only updates come, as from a loop that never waits', () => {
    const { written, reporter } = record(true);
    const start = Date.now();
    for (let done = 1; done < 100; done++) {
      jest.setSystemTime(start + 10 * done);
      reporter.update({ stage: 's', done, total: 100, metrics: {} });
    }
    expect(written()).toContain('85/100');
  });

  it('shows a stage without work as empty', () => {
    const { written, reporter } = record(true);
    reporter.update({ stage: 'none', done: 0, total: 0, metrics: {} });
    expect(screen(written())).toEqual([`none ${'░'.repeat(20)} 0/0 (0%)`, '']);
  });

  it('does not keep a process alive whose stage failed', () => {
    const script = `
      const { createProgressReporter } = require(${JSON.stringify(join(__dirname, 'progress.ts'))});
      process.stdout.isTTY = true;
      createProgressReporter(process.stdout).update({ stage: 'a', done: 1, total: 2, metrics: {} });
    `;
    const register = join(__dirname, '../../../tools/jest/register.js');
    const printed = execFileSync(
      process.execPath,
      ['-C', '@ar-distill/source', '-r', register, '-e', script],
      { encoding: 'utf8', timeout: 20_000 },
    );
    expect(printed).toContain('1/2 (50%)');
  });
});
