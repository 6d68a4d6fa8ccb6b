import type { SupervisedTask, TaskLoss } from '@ar-distill/core';
import {
  parameter,
  type HostTensors,
  type Parameters,
  type ParameterSpecs,
  type TensorSpec,
} from '@ar-distill/nn';
import type { LlamagenArchitecture } from '../architecture';
import { codebookSpecs, unitCodes } from '../tokenizer/quantizer';
import { inputSpecs } from '../transformer/specs';
import { LlamagenTransformer } from '../transformer/transformer';

const TABLE = 'tok_embeddings.weight';

/**
 * First half of the adaptation to continuous input (DD2, appendix E): an MLP R^C → R^D learns the
 * embedding table, Σ_j |mlp(c_j) − emb(j)|². It needs no data; the table and the codebook have to be
 * given and are frozen. `relativeError` is the loss over Σ_j |emb(j)|². Afterwards `adaptedWeights`
 * makes the teacher, which a teacher task with the input embedding `mlp` then fine-tunes.
 */
export class LlamagenAdaptationTask implements SupervisedTask {
  readonly parameterSpecs: ParameterSpecs;
  private readonly transformer: LlamagenTransformer;
  private readonly trained: ParameterSpecs;

  constructor(architecture: LlamagenArchitecture) {
    this.transformer = new LlamagenTransformer(architecture);
    this.trained = inputSpecs(architecture, 'mlp');
    this.parameterSpecs = {
      ...this.trained,
      ...inputSpecs(architecture, 'table'),
      ...codebookSpecs(architecture),
    };
  }

  isTrainable(name: string): boolean {
    return name in this.trained;
  }

  batchSpecs(): Readonly<Record<string, TensorSpec>> {
    return {};
  }

  evaluate(parameters: Parameters): TaskLoss {
    const table = parameter(parameters, TABLE);
    const embedded = this.transformer.continuousEmbedding(parameters, unitCodes(parameters));
    const loss = embedded.sub(table).square().sum();
    return { loss, metrics: { loss, relativeError: loss.div(table.square().sum()) } };
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
