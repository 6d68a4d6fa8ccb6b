import { createProgressReporter } from './progress';

function record(isTTY: boolean, columns = 120) {
  const written: string[] = [];
  const clock = { seconds: 0 };
  const stream = { isTTY, columns, write: (text: string) => written.push(text) };
  const reporter = createProgressReporter(stream, () => clock.seconds);
  return { written, clock, reporter };
}

describe('createProgressReporter', () => {
  it('writes a line about every ten seconds, and the last one, to a file', () => {
    const { written, clock, reporter } = record(false);
    for (let done = 1; done <= 50; done++) {
      clock.seconds = done / 2;
      reporter.update({ stage: 'gts', done, total: 50, metrics: { loss: 1 / done } });
    }
    expect(written).toHaveLength(4);
    expect(written[1]).toBe('gts 21/50 (42%) · 2.0 it/s · 15 s to go · loss 0.04762\n');
    expect(written.at(-1)).toBe('gts 50/50 (100%) · 2.0 it/s · loss 0.02000\n');
  });

  it('rewrites one line on a terminal, cut to its width', () => {
    const { written, clock, reporter } = record(true, 20);
    reporter.update({ stage: 'score', done: 1, total: 3, metrics: { loss: 0.5 } });
    clock.seconds = 2;
    reporter.update({ stage: 'score', done: 2, total: 3, metrics: { loss: 0.5 } });
    expect(written).toEqual(['\r\u001b[2Kscore 1/3 (33%) · l', '\r\u001b[2Kscore 2/3 (66%) · 2']);
    reporter.message('Saved.');
    expect(written.slice(2)).toEqual(['\n', 'Saved.\n']);
  });

  it('redraws a terminal at most ten times a second', () => {
    const { written, clock, reporter } = record(true);
    for (let done = 1; done < 100; done++) {
      clock.seconds = done / 100;
      reporter.update({ stage: 's', done, total: 100, metrics: {} });
    }
    expect(written.length).toBeLessThanOrEqual(11);
  });

  it('does not count what was done before a resume, and starts anew with a stage', () => {
    const { written, clock, reporter } = record(false);
    reporter.update({ stage: 'a', done: 900, total: 1000, metrics: {} });
    clock.seconds = 10;
    reporter.update({ stage: 'a', done: 901, total: 1000, metrics: {} });
    reporter.update({ stage: 'b', done: 1, total: 10, metrics: {} });
    expect(written).toEqual([
      'a 900/1000 (90%)\n',
      'a 901/1000 (90%) · 10.0 s/it · 16 min 30 s to go\n',
      'b 1/10 (10%)\n',
    ]);
  });

  it('survives a stage without work', () => {
    const { written, reporter } = record(false);
    reporter.update({ stage: 'none', done: 0, total: 0, metrics: {} });
    expect(written).toEqual(['none 0/0 (0%)\n']);
  });
});
