import { llamagenArchitectureSchema, llamagenBackbone } from '@ar-distill/plugin-llamagen';
import { varArchitectureSchema, varBackbone } from '@ar-distill/plugin-var';
import { expectConformance } from '../tensorflow/check-backbone';

const TOKENIZER = {
  imageChannels: 1,
  baseChannels: 8,
  channelMultipliers: [1, 1],
  residualBlocks: 1,
  groups: 4,
};
const SIZES = { vocabSize: 12, channels: 4, numClasses: 3, width: 16, depth: 2, heads: 2 };

jest.setTimeout(1_200_000);

it('runs a small VAR', () =>
  expectConformance(
    varBackbone,
    varArchitectureSchema.parse({
      ...SIZES,
      patchNums: [1, 2, 4],
      codeScale: 2,
      tokenizer: { ...TOKENIZER, imageSize: 8 },
    }),
  ));

it('runs a small LlamaGen', () =>
  expectConformance(
    llamagenBackbone,
    llamagenArchitectureSchema.parse({
      ...SIZES,
      gridSize: 2,
      multipleOf: 8,
      codeScale: 2,
      tokenizer: { ...TOKENIZER, imageSize: 4, latentChannels: 8 },
    }),
  ));
