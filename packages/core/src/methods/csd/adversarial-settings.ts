import { z } from 'zod';

/** Name of the settings, for sentences. */
export const ADVERSARIAL = 'adversarial';

/** A term from real data: a discriminator on the last hidden layer of ψ's head. */
export const adversarialSchema = z
  .strictObject({
    mode: z
      .enum(['added', 'instead-of-score'])
      .describe(
        "added: the generator's loss is that of its objective plus a non-saturating one; instead-of-score: the gradient of the discriminator's logit in x_t takes the place of s_Φ − s_ψ",
      )
      .default('added'),
    weight: z
      .number()
      .positive()
      .describe("Of the non-saturating loss beside the objective's, 1 by default")
      .optional(),
    discriminatorWeight: z
      .number()
      .positive()
      .describe("Of the discriminator's loss beside FCS: how much it shapes ψ")
      .default(10),
  })
  .superRefine(({ mode, weight }, context) => {
    if (mode === 'added' || weight === undefined) return;
    const message =
      'With mode=instead-of-score there is no other term to weigh against: leave it out';
    context.addIssue({ code: 'custom', path: ['weight'], message });
  })
  .describe(
    'A term from real data, none when left out: a discriminator on the last hidden layer of the head of ψ',
  );

export type AdversarialSettings = z.infer<typeof adversarialSchema>;

/** Settings that have a discriminator or not. */
interface WithAdversarial {
  readonly adversarial?: AdversarialSettings | undefined;
}

/** Whether the teacher's score takes part in the generator's loss. */
export function usesTeacherScore({ adversarial }: WithAdversarial): boolean {
  return adversarial?.mode !== 'instead-of-score';
}

/**
 * Refuses settings of the objective that the discriminator in the score's place would ignore.
 * @throws Error with a sentence that names the setting.
 */
export function checkAdversarial(
  settings: WithAdversarial & { readonly objective: string; readonly normalizer: string },
): void {
  if (usesTeacherScore(settings)) return;
  const { objective, normalizer } = settings;
  if (objective !== 'dmd') {
    throw new Error(
      `A discriminator in the score's place moves the generator as the DMD form does, not as "${objective}" says: set objective=dmd.`,
    );
  }
  if (normalizer !== 'none') {
    throw new Error(
      "A discriminator in the score's place has no prediction of the teacher to normalise by: set normalizer=none.",
    );
  }
}
