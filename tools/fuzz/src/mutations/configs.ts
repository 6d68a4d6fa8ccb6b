import { withBytes, type Mutation } from '../mutation';

/** What `config.json` beside a checkpoint may hold instead of an architecture. */
export const strangeConfigs: Mutation = (seed, random) => {
  const values = [null, -1, 0, 1e308, 2 ** 53, 1.5, 'x', '../../x', [], {}, [1e9], [1, 1], true, 7];
  const keys = [
    ...['patchNums', 'patch_nums', 'gridSize', 'block_size', 'heads', 'n_head', 'num_heads'],
    ...['multipleOf', 'ropeBase', 'normEpsilon', 'phi', 'quant_resi', '__proto__', 'constructor'],
  ];
  const configs: readonly (() => string)[] = [
    () => JSON.stringify({ ...seed.config, [random.pick(keys)]: random.pick(values) }),
    () => JSON.stringify(random.pick(values)),
    () => '',
    () => '{',
    () => '{"heads":1,"heads":2}',
    () => `${'['.repeat(50_000)}`,
    () => `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`,
    () => ' '.repeat(2 ** 20 + 1),
    () => '\ud800',
  ];
  return { ...withBytes(seed, seed.bytes), config: random.pick(configs)() };
};
