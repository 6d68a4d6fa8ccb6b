import { expectHarmlessImports } from './fuzz-cases';

// test/full/fuzz.full.test.ts runs more of them, and `tools/fuzz` as many as are wanted.
it('mutated and forged checkpoints do no harm', () => expectHarmlessImports(10, 7), 300_000);
