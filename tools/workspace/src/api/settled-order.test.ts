import { withSettledOrder } from './settled-order';

const report = (choices: readonly string[]): string =>
  [
    'trains: ' + choices.map((choice) => `"${choice}"`).join(' | ') + ';',
    'decay: z.ZodEnum<{',
    ...choices.map((choice) => `    ${choice}: "${choice}";`),
    '}>;',
    '    zebra: number;',
    '    apple: string;',
    '',
  ].join('\n');

it('gives choices one order, and leaves everything else where it is', () => {
  const settled = report(['both', 'constant', 'guidance']);
  expect(withSettledOrder(report(['guidance', 'both', 'constant']))).toBe(settled);
  expect(withSettledOrder(settled)).toBe(settled);
});

it('tells other choices apart', () => {
  expect(withSettledOrder(report(['a', 'b']))).not.toBe(withSettledOrder(report(['a', 'c'])));
});
