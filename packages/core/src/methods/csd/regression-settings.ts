import { supervisedSettingsSchema } from '../../optimization/supervised-settings';
import { flowMapFields } from '../flow-map-pairs';
import { accumulationField } from '../micro-batch-size';

const { iterations, batchSize, learningRate, emaDecay } = supervisedSettingsSchema.shape;

/** How θ is regressed on the teacher's flow map before stage 2; read with `initialization.generator=regressed` alone. */
export const regressionSchema = supervisedSettingsSchema
  .omit({ seed: true })
  .extend({
    pairs: flowMapFields.pairs.default(20_000),
    solverSteps: flowMapFields.solverSteps,
    iterations: iterations.default(3000),
    batchSize: batchSize.default(64),
    accumulation: accumulationField,
    learningRate: learningRate.default(5e-4),
    emaDecay: emaDecay.default(0.995),
  })
  .describe(
    "Regression of θ on the teacher's flow map before stage 2, where initialization.generator is regressed",
  );
