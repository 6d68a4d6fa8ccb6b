import { fittedProgress, progressLine } from './progress-text';

const PLACE = { number: 2, of: 4, work: { own: 100, after: 300 } };
const UPDATE = {
  stage: 'tuning',
  done: 150,
  total: 600,
  metrics: { loss: 0.5, norm: 12.3456, rate: 1e-4 },
  place: PLACE,
};

/** The line as a terminal has it, without what the bar looks like. */
function width({ head, figures, barSize }: ReturnType<typeof fittedProgress>): number {
  return head.length + 1 + barSize + 1 + figures.length;
}

describe('progressLine', () => {
  it('says which stage it is, its own time to go and that of all stages', () => {
    // 450 iterations of 2 s, then three times the work of these 600.
    expect(progressLine({ ...UPDATE, metrics: {} }, 2)).toBe(
      'stage 2 of 4, tuning 150/600 (25%) · 2.0 s/it · 15m to go, 1h 15m in all',
    );
    expect(progressLine({ ...UPDATE, done: 600, metrics: {} }, 2)).toBe(
      'stage 2 of 4, tuning 600/600 (100%) · 2.0 s/it · 1h to go in all',
    );
  });

  it('knows only the stage where nobody knows how much comes after it', () => {
    const line = progressLine({ ...UPDATE, metrics: {}, place: { number: 4, of: 4 } }, 2);
    expect(line).toBe('stage 4 of 4, tuning 150/600 (25%) · 2.0 s/it · 15m to go');
    expect(progressLine({ ...UPDATE, metrics: {} }, undefined)).toBe(
      'stage 2 of 4, tuning 150/600 (25%)',
    );
  });
});

describe('fittedProgress', () => {
  it('fits every width, and never leaves out the stage', () => {
    for (let columns = 200; columns >= 60; columns--) {
      const shown = fittedProgress(UPDATE, 2, columns);
      expect(width(shown)).toBeLessThan(columns);
      expect(shown.head).toMatch(columns < 70 ? /^stage 2 of 4, tun/ : /^stage 2 of 4, tuning$/);
      expect(shown.figures).toContain('15m to go, 1h 15m in all');
    }
  });

  it('fits 80 columns with the longest names and times', () => {
    const stage = 'adaptation-sequences-of-the-teacher';
    const long = { ...UPDATE, stage, done: 123_456, total: 999_999 };
    expect(width(fittedProgress(long, 35.7, 80))).toBeLessThan(80);
  });

  it('lets metrics give way first, then the bar, the pace and the percentage', () => {
    const at = (columns: number) => {
      const { figures, barSize } = fittedProgress(UPDATE, 2, columns);
      return { barSize, metrics: figures.split(' · ').length - 3, figures };
    };
    expect(at(140)).toMatchObject({ barSize: 20, metrics: 3 });
    expect(at(120)).toMatchObject({ barSize: 20, metrics: 1 });
    expect(at(98)).toMatchObject({ barSize: 20, metrics: 0 });
    expect(at(85)).toMatchObject({ barSize: 10, metrics: 0 });
    expect(at(80).figures).toBe('150/600 (25%) · 15m to go, 1h 15m in all');
    expect(at(68)).toMatchObject({ barSize: 5, figures: '150/600 · 15m to go, 1h 15m in all' });
  });
});
