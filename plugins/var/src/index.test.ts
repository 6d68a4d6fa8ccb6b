import { varArchitectureSchema } from './architecture';
import { varBackbone as backbone } from './index';
import { presets } from './presets';

const count = (specs: Readonly<Record<string, { readonly shape: readonly number[] }>>): number =>
  Object.values(specs).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
const preset = (name: string) => presets[name]!;

it('has the sizes that the paper gives', () => {
  // DD2, table 1: millions of parameters of the generator; ours differ by 1-3 % (head depth 3).
  const millions: [string, number][] = [
    ['var-d16', 329],
    ['var-d20', 619],
    ['var-d24', 1040],
  ];
  for (const [name, size] of millions) {
    const { architecture } = preset(name);
    const ratio = count(backbone.createNetwork(architecture).parameterSpecs) / 1e6 / size;
    expect(Math.abs(ratio - 1)).toBeLessThan(0.04);
  }
});

it('builds the networks of every preset', () => {
  for (const [name, { architecture, teacherSampling }] of Object.entries(presets)) {
    const teacher = backbone.createTeacher(architecture, teacherSampling);
    const network = backbone.createNetwork(architecture);
    const tokenizer = backbone.createTokenizer!(architecture);
    expect([name, teacher.layout]).toEqual([name, network.layout]);
    expect(tokenizer.layout).toEqual(network.layout);
    // Whatever the network does not take from the teacher is its head.
    const fresh = Object.keys(network.parameterSpecs).filter((key) => !teacher.parameterSpecs[key]);
    expect(fresh.every((key) => network.isHeadParameter(key))).toBe(true);
    expect(backbone.architectureSchema.parse(architecture)).toEqual(architecture);
  }
  expect(
    count(backbone.createTokenizer!(preset('mnist-var').architecture).parameterSpecs),
  ).toBeLessThan(1e6);
});

it('refuses architectures that do not fit together', () => {
  const { architecture } = preset('mnist-var');
  const problem = (change: object): string =>
    varArchitectureSchema.safeParse({ ...architecture, ...change }).error?.issues[0]?.message ?? '';
  expect(problem({ patchNums: [1, 2, 3, 5] })).toMatch(/latent size, 4/);
  expect(problem({ patchNums: [2, 2, 4] })).toMatch(/must grow/);
  expect(problem({ heads: 3 })).toMatch(/heads must divide/);
  expect(problem({ tokenizer: { ...architecture.tokenizer, groups: 7 } })).toMatch(/groups must/);
  expect(problem({ colour: 1 })).toMatch(/colour/);
});
