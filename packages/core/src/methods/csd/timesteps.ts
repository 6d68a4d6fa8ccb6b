import { z } from 'zod';
import type { TimestepDistribution } from '../../sampling/draws';

/** t of the noised tokens: uniform on [tMin, 1], or the logistic function of a normal, on the same range. */
export const timestepsSchema = z
  .strictObject({
    distribution: z
      .enum(['uniform', 'logit-normal'])
      .describe('uniform on [tMin, 1], or the logistic function of a normal')
      .default('uniform'),
    mean: z
      .number()
      .describe('Mean of logit(t), 0 by default: above it there is more noise')
      .optional(),
    std: z.number().positive().describe('Standard deviation of logit(t), 1 by default').optional(),
  })
  .superRefine(({ distribution, mean, std }, context) => {
    for (const [key, value] of Object.entries({ mean, std })) {
      if (distribution === 'logit-normal' || value === undefined) continue;
      const message = 'Uniform timesteps have none: leave it out, or set distribution=logit-normal';
      context.addIssue({ code: 'custom', path: [key], message });
    }
  })
  .describe('Distribution of t in all losses');

/** The distribution that the settings ask for. */
export function timestepDistribution({
  timesteps: { distribution, mean = 0, std = 1 },
  tMin,
}: {
  readonly timesteps: z.infer<typeof timestepsSchema>;
  readonly tMin: number;
}): TimestepDistribution {
  return distribution === 'uniform' ? { tMin } : { tMin, logit: { mean, std } };
}
