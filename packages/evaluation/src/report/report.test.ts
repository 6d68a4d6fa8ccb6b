import type { Metric } from '@ar-distill/core';
import { BUILT_IN_METRICS } from '../metrics/built-in-metrics';
import { gapClosed } from './gap-closed';
import { metricColumns } from './metric-column';
import { duration, renderReport, type Report } from './report';
import { markdownTable, type ResultRow, textTable } from './result-table';

const COLUMNS = metricColumns(BUILT_IN_METRICS, { frechetName: 'FD-digits' });

const ROWS: readonly ResultRow[] = [
  { name: 'tokenizer reconstruction', values: { 'frechet-distance': 0.456 } },
  {
    name: 'AR teacher',
    evaluations: 10,
    values: { 'frechet-distance': 1.5, 'class-accuracy': 0.987 },
    secondsPerImage: 0.0123,
  },
  {
    name: 'DD2',
    evaluations: 1,
    values: { 'frechet-distance': 3.25, 'class-accuracy': 0.975, diversity: 0.9214 },
    secondsPerImage: 0.00123,
  },
];

const REPORT: Report = {
  title: 'One step',
  rows: ROWS,
  timedBatch: 100,
  quality: {
    frechetName: 'FD-digits',
    definition: 'FD-digits is a distance.',
    columns: COLUMNS,
    samples: 10_000,
    gapClosed: 0.9345,
    warning: 'Two rows are too close.',
    overTime: [{ updates: 100, seconds: 75, distance: 12.345 }],
  },
  settings: { seed: 0, 'guidance.scale': 2, ema: true },
  timings: { 'score tuning': 600, distillation: 5400 },
  speed: [
    {
      batchSize: 1,
      decoded: false,
      teacherEvaluations: 4,
      generatorEvaluations: 1,
      teacherSeconds: 0.02,
      generatorSeconds: 0.0025,
    },
    {
      batchSize: 100,
      decoded: true,
      teacherEvaluations: 4,
      generatorEvaluations: 1,
      teacherSeconds: 0.3,
      generatorSeconds: 0.2,
    },
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
  it('align in a terminal, with the columns that metrics declare and without empty ones', () => {
    expect(textTable(ROWS, COLUMNS)).toBe(
      [
        'method                    evaluations  FD-digits ↓  class accuracy ↑  diversity ↑  s/image',
        '────────────────────────  ───────────  ───────────  ────────────────  ───────────  ───────',
        'tokenizer reconstruction            –         0.46                 –            –        –',
        'AR teacher                         10         1.50             98.7%            –   0.0123',
        'DD2                                 1         3.25             97.5%        0.921  0.00123',
      ].join('\n'),
    );
  });

  it('show the values of a metric that a plugin brings, and no value without a column', () => {
    const sharpness: Metric = {
      ...BUILT_IN_METRICS[0]!,
      name: 'sharpness',
      title: 'sharpness',
      unit: 'fraction',
      decimals: 0,
      better: 'higher',
    };
    const rows = [{ name: 'a', values: { sharpness: 0.256, 'sharpness.spread': 3, recall: 1 } }];
    const columns = metricColumns([sharpness], { frechetName: 'FD' });
    expect(markdownTable(rows, columns).replaceAll(/ +/g, ' ')).toBe(
      '| method | sharpness ↑ |\n| ------ | ----------: |\n| a | 26% |',
    );
  });

  it('escape what would end a Markdown cell', () => {
    expect(markdownTable([{ name: 'a|b', evaluations: 1 }], [])).toBe(
      '| method | evaluations |\n| ------ | ----------: |\n| a\\|b   |           1 |',
    );
  });
});

describe('renderReport', () => {
  it('shows everything it is given', () => {
    const text = renderReport(REPORT).replaceAll(/ +/g, ' ');
    for (const line of [
      '# One step',
      '| DD2 | 1 | 3.25 | 97.5% | 0.921 | 0.00123 |',
      'Seconds per image are of 100 per call, with the decoder.',
      'FD-digits is a distance. 10,000 samples per row.',
      '- class accuracy: share of the images that the network takes for the class that was asked for; higher is better.',
      '**Two rows are too close.**',
      '**Gap closed: 93.5%** of the FD-digits difference',
      '![Samples](samples.png)',
      '## FD-digits over time',
      '| 100 | 1m 15s | 12.35 |',
      '| 1 | sequences | 4 | 1 | 20.0 | 2.50 | 8.0× |',
      '| 100 | images | 4 | 1 | 3.00 | 2.00 | 1.5× |',
      '- Kept nearly all.',
      '| distillation | 1h 30m |',
      '| guidance.scale | 2 |',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).not.toMatch(/Fréchet|recall/);
  });

  it('leaves out what is not there', () => {
    const text = renderReport({ title: 'x', rows: ROWS, timedBatch: 4, settings: {}, timings: {} });
    expect(text).not.toMatch(
      /Gap closed|samples per row|0\.46|## Pictures|over time|## Time|KV-cached|## Adaptation/,
    );
    expect(text).toContain('| DD2');
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
