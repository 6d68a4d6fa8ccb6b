import { significant } from './significant';

describe('significant', () => {
  it.each([
    [1557.4, '1,557'],
    [1_234_567, '1,234,567'],
    [300, '300'],
    [99.96, '100'],
    [30, '30.0'],
    [2.5, '2.50'],
    [0.00123, '0.00123'],
    [1.5e-9, '0.00000000150'],
    [-4.5678, '-4.57'],
    [0, '0'],
    [NaN, 'NaN'],
  ])('writes %d for people', (value, text) => {
    expect(significant(value)).toBe(text);
  });

  it('takes another number of digits', () => {
    expect([0.98765, 0.98765].map((value, i) => significant(value, 4 - i))).toEqual([
      '0.9877',
      '0.988',
    ]);
  });
});
