import { gapClosed } from './gap-closed';
import { duration, renderReport, type Report } from './report';
import { markdownTable, textTable, type ResultRow } from './result-table';

const ROWS: readonly ResultRow[] = [
  { name: 'tokenizer reconstruction', fid: 0.456 },
  { name: 'AR teacher', evaluations: 10, fid: 1.5, classAccuracy: 0.987, secondsPerImage: 0.0123 },
  { name: 'DD2', evaluations: 1, fid: 3.25, classAccuracy: 0.975, secondsPerImage: 0.00123 },
];

const REPORT: Report = {
  title: 'One-step MNIST',
  rows: ROWS,
  samples: 10_000,
  gapClosed: 0.9345,
  fidOverTime: [{ updates: 100, seconds: 75, fid: 12.345 }],
  settings: { seed: 0, 'guidance.scale': 2, ema: true },
  timings: { 'score tuning': 600, distillation: 5400 },
  speed: [
    { batchSize: 1, decoded: false, teacherSeconds: 0.02, generatorSeconds: 0.0025 },
    { batchSize: 100, decoded: true, teacherSeconds: 0.3, generatorSeconds: 0.2 },
  ],
  adaptation: ['Kept nearly all'],
  pictures: [{ title: 'Samples', path: 'samples.png' }],
};

describe('gapClosed', () => {
  it('is 0 at onestep*, 1 at the teacher, and may go beyond', () => {
    expect(gapClosed({ independent: 150, distilled: 150, teacher: 4 })).toBe(0);
    expect(gapClosed({ independent: 150, distilled: 4, teacher: 4 })).toBe(1);
    expect(gapClosed({ independent: 100, distilled: 10, teacher: 20 })).toBeCloseTo(1.125, 12);
  });

  it('is undefined without a gap', () => {
    expect(gapClosed({ independent: 4, distilled: 5, teacher: 4 })).toBeUndefined();
  });
});

describe('result tables', () => {
  it('align in a terminal, without empty columns', () => {
    expect(textTable(ROWS)).toBe(
      [
        'method                    evaluations  FID-MNIST  class accuracy  s/image',
        '────────────────────────  ───────────  ─────────  ──────────────  ───────',
        'tokenizer reconstruction            –       0.46               –        –',
        'AR teacher                         10       1.50           98.7%   0.0123',
        'DD2                                 1       3.25           97.5%  0.00123',
      ].join('\n'),
    );
  });

  it('escape what would end a Markdown cell', () => {
    expect(markdownTable([{ name: 'a|b', fid: 1 }])).toBe(
      '| method | FID-MNIST |\n| ------ | --------: |\n| a\\|b   |      1.00 |',
    );
  });
});

describe('renderReport', () => {
  it('shows everything it is given', () => {
    const text = renderReport(REPORT).replaceAll(/ +/g, ' ');
    for (const line of [
      '# One-step MNIST',
      '| DD2 | 1 | 3.25 | 97.5% | 0.00123 |',
      '10,000 samples per row',
      '**Gap closed: 93.5%**',
      '![Samples](samples.png)',
      '| 100 | 1m 15s | 12.35 |',
      '| 1 | sequences | 20.0 | 2.50 | 8.0× |',
      '| 100 | images | 300 | 200 | 1.5× |',
      '- Kept nearly all.',
      '| distillation | 1h 30m |',
      '| guidance.scale | 2 |',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).not.toMatch(/[^-]\bFID\b(?!-MNIST)(?!s)/);
  });

  it('leaves out what is not there', () => {
    const text = renderReport({ title: 'x', rows: ROWS, samples: 10, settings: {}, timings: {} });
    expect(text).not.toMatch(/Gap closed|## Pictures|over time|## Time|KV-cached|## Adaptation/);
  });

  it.each([
    [0.04, '40ms'],
    [7.44, '7.4s'],
    [59.96, '59.9s'],
    [125, '2m 5s'],
    [3725, '1h 2m'],
    [90_000, '1d 1h'],
  ])('writes %d seconds as %s', (seconds, text) => {
    expect(duration(seconds)).toBe(text);
  });
});
