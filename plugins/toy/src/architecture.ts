import { z } from 'zod';

const CELLS_TOLERANCE = 1e-6;

/** A joint distribution over sequences of n tokens, written out, and the sizes of the networks. */
export const toyArchitectureSchema = z
  .strictObject({
    codebook: z
      .array(z.array(z.number()).min(1))
      .min(2)
      .describe('Codes c_1 … c_V, each of C numbers'),
    sequenceLength: z.int().min(1).max(6).describe('Tokens n of a sequence'),
    joint: z
      .array(z.number().min(0))
      .describe('p(q_1, …, q_n), row-major: V^n numbers that sum to 1'),
    codeScale: z
      .number()
      .positive()
      .describe('Factor between codes and the space of scores, heads and losses')
      .default(1),
    width: z.int().positive().describe('Channels of the transformer').default(128),
    depth: z.int().positive().max(1024).describe('Blocks of the transformer').default(2),
    heads: z.int().positive().describe('Heads of attention').default(4),
    headDepth: z
      .int()
      .min(0)
      .max(1024)
      .describe('Residual blocks of the diffusion head')
      .default(1),
  })
  .superRefine(({ codebook, joint, sequenceLength, width, heads }, context) => {
    const V = codebook.length;
    const C = codebook[0]!.length;
    const issue = (key: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [key], message });
    if (codebook.some((code) => code.length !== C)) {
      issue('codebook', `every code must have ${C} channels, as the first one has`);
    }
    if (joint.length !== V ** sequenceLength) {
      issue('joint', `must hold ${V}^${sequenceLength} probabilities, not ${joint.length}`);
    }
    const total = joint.reduce((sum, probability) => sum + probability, 0);
    if (Math.abs(total - 1) > CELLS_TOLERANCE * joint.length) {
      issue('joint', `must sum to 1, not to ${total}`);
    }
    if (width % heads !== 0) issue('heads', `must divide the width ${width}`);
  });

export type ToyArchitecture = z.infer<typeof toyArchitectureSchema>;
