import { llamagenArchitectureSchema } from './architecture';
import { llamagenBackbone as backbone } from './index';
import { presets } from './presets';

type Specs = Readonly<Record<string, { readonly shape: readonly number[] }>>;
const count = (specs: Specs): number =>
  Object.values(specs).reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
const preset = (name: string) => presets[name]!;

it('has the sizes of the official models and of the paper', () => {
  // Millions of parameters that LlamaGen gives for its transformers.
  const official: [string, number][] = [
    ['llamagen-B', 111],
    ['llamagen-L', 343],
    ['llamagen-XL', 775],
    ['llamagen-XXL', 1411],
    ['llamagen-3B', 3098],
  ];
  for (const [name, size] of official) {
    const { architecture, teacherSampling } = preset(name);
    const { 'quantize.embedding.weight': codebook, ...transformer } = backbone.createTeacher(
      architecture,
      teacherSampling,
    ).parameterSpecs;
    expect(codebook!.shape).toEqual([16384, 8]);
    expect(Math.abs(count(transformer) / 1e6 / size - 1)).toBeLessThan(0.01);
  }
  // DD2, table 1: 335 million in the generator.
  const generator = backbone.createNetwork(preset('llamagen-L').architecture);
  expect(Math.abs(count(generator.parameterSpecs) / 335e6 - 1)).toBeLessThan(0.03);
});

it('builds the networks of every preset', () => {
  for (const [name, { architecture, teacherSampling }] of Object.entries(presets)) {
    const network = backbone.createNetwork(architecture);
    const teacher = backbone.createTeacher(architecture, teacherSampling);
    const tokenizer = backbone.createTokenizer!(architecture);
    expect([name, teacher.layout]).toEqual([name, network.layout]);
    expect(tokenizer.layout).toEqual(network.layout);
    const fresh = Object.keys(network.parameterSpecs).filter((key) => !teacher.parameterSpecs[key]);
    expect(
      fresh.every((key) => network.isHeadParameter(key) || key.startsWith('continuous_embedding.')),
    ).toBe(true);
    expect(backbone.architectureSchema.parse(architecture)).toEqual(architecture);
  }
  const mnist = backbone.createTokenizer!(preset('mnist-llamagen').architecture);
  expect(count(mnist.parameterSpecs)).toBeLessThan(1e6);
});

it('refuses architectures that do not fit together', () => {
  const { architecture } = preset('mnist-llamagen');
  const problem = (change: object): string =>
    llamagenArchitectureSchema.safeParse({ ...architecture, ...change }).error?.issues[0]
      ?.message ?? '';
  expect(problem({ gridSize: 5 })).toMatch(/latent size, 4/);
  expect(problem({ heads: 3 })).toMatch(/heads must divide the width/);
  expect(problem({ keyValueHeads: 3 })).toMatch(/must divide the heads/);
  expect(problem({ tokenizer: { ...architecture.tokenizer, groups: 7 } })).toMatch(/groups must/);
  expect(problem({ colour: 1 })).toMatch(/colour/);
});
