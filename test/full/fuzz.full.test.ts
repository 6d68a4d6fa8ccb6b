import { expectHarmlessImports } from '../import/fuzz-cases';

it(
  '3,000 mutated and forged checkpoints do no harm',
  () => expectHarmlessImports(108, 8),
  1_800_000,
);
