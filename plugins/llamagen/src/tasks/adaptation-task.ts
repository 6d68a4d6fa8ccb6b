import type * as tf from '@tensorflow/tfjs';
import { unitCodebookSpecs, unitCodeNoise, unitCodes } from '@ar-distill/backbone-kit';
import type { SupervisedTask, TaskLoss } from '@ar-distill/core/optimization';
import { parameter, type Parameters, type ParameterSpecs } from '@ar-distill/nn';
import { float32, type HostTensors, type Rng, type TensorSpec } from '@ar-distill/program';
import type { LlamagenArchitecture } from '../architecture';
import { inputSpecs } from '../transformer/specs';
import { LlamagenTransformer } from '../transformer/transformer';

const TABLE = 'tok_embeddings.weight';

/**
 * First half of the adaptation to continuous input (DD2, appendix E): an MLP R^C → R^D learns the
 * embedding table, Σ_j |mlp(c_j) − emb(j)|², and the same sum over codes moved by noise of levels
 * between 0 and `unitCodeNoise`. It needs no data; the table and the codebook have to be given and are
 * frozen. `relativeError` is the first sum over Σ_j |emb(j)|². Afterwards `adaptedWeights` makes the
 * teacher, which a teacher task with the input embedding `mlp` then fine-tunes.
 */
export class LlamagenAdaptationTask implements SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;
  private readonly transformer: LlamagenTransformer;
  private readonly trained: ParameterSpecs;

  constructor(private readonly architecture: LlamagenArchitecture) {
    this.transformer = new LlamagenTransformer(architecture);
    this.trained = inputSpecs(architecture, 'mlp');
    this.parameterSpecs = {
      ...this.trained,
      ...inputSpecs(architecture, 'table'),
      ...unitCodebookSpecs(architecture),
    };
  }

  isTrainable(name: string): boolean {
    return name in this.trained;
  }

  batchSpecs(): Readonly<Record<string, TensorSpec>> {
    return {};
  }

  noiseSpecs(): Readonly<Record<'noise' | 'noiseLevels', TensorSpec>> {
    const { vocabSize, channels } = this.architecture;
    return {
      noise: { shape: [vocabSize, channels], dtype: 'float32' },
      noiseLevels: { shape: [vocabSize, 1], dtype: 'float32' },
    };
  }

  drawNoise(rng: Rng, iteration: number): HostTensors {
    const { vocabSize, channels } = this.architecture;
    return {
      noise: float32(
        [vocabSize, channels],
        rng.normal('regression/noise', iteration, vocabSize * channels),
      ),
      noiseLevels: float32([vocabSize, 1], rng.uniform('regression/levels', iteration, vocabSize)),
    };
  }

  evaluate(parameters: Parameters, noise: Readonly<Record<string, tf.Tensor>>): TaskLoss {
    const table = parameter(parameters, TABLE);
    const codes = unitCodes(parameters);
    const squaredError = (inputs: tf.Tensor): tf.Tensor =>
      this.transformer.continuousEmbedding(parameters, inputs).sub(table).square().sum();
    const clean = squaredError(codes);
    const moved = noise['noise']!.mul(noise['noiseLevels']!).mul(unitCodeNoise(this.architecture));
    const loss = clean.add(squaredError(codes.add(moved)));
    return {
      loss,
      metrics: { loss, relativeError: clean.div(table.square().sum()) },
    };
  }
}

/**
 * Weights of a teacher with the input embedding `mlp`: those of the teacher with the table, whose
 * place the MLP takes. The MLP comes from `trained` (the result of `LlamagenAdaptationTask`).
 * Throws an `Error` naming a parameter of the MLP that `trained` lacks.
 */
export function adaptedWeights(
  architecture: LlamagenArchitecture,
  teacherWeights: Readonly<HostTensors>,
  trained: Readonly<HostTensors>,
): HostTensors {
  const { [TABLE]: table, ...rest } = teacherWeights;
  if (!table) throw new Error(`The teacher has no "${TABLE}": it is adapted already.`);
  const weights: HostTensors = { ...rest };
  for (const name of Object.keys(inputSpecs(architecture, 'mlp'))) {
    const value = trained[name];
    if (!value) throw new Error(`The result of the adaptation lacks "${name}".`);
    weights[name] = value;
  }
  return weights;
}
