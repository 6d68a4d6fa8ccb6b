import * as tf from '@tensorflow/tfjs';
import {
  type Backbone,
  type Condition,
  conditionRows,
  isDiscrete,
  type SequenceLayout,
  sequenceLength,
  type TeacherSamplingOptions,
} from '@ar-distill/core';
import { initializeParameters, toTensors } from '@ar-distill/nn';
import {
  elementCount,
  type HostTensor,
  type HostTensors,
  type Rng,
  type StepCompiler,
} from '@ar-distill/program';
import { equalValues } from './assertions';
import type { Listening } from './listening';
import type { Parts } from './parts';

/** How a backbone is checked. */
export interface ConformanceOptions extends Listening {
  readonly rng: Rng;
  /** Runs samplers and updates; without it these are skipped. */
  readonly compiler?: StepCompiler;
  /** Default: guidance 1.5, top-k 3, top-p 0.9. */
  readonly sampling?: TeacherSamplingOptions;
  /** Weights of the teacher in place of random ones, for teachers that not every value suits. */
  readonly teacherParameters?: Readonly<HostTensors>;
  /** Sequences per batch, 2 or more (default). */
  readonly batchSize?: number;
  /** Standard deviation of what is added to fresh parameters, so that none is at rest; default 0.05. */
  readonly perturbation?: number;
}

/** Guidance and truncation of the teacher that is checked. */
export const DEFAULT_SAMPLING: TeacherSamplingOptions = {
  guidanceScale: 1.5,
  topK: 3,
  topP: 0.9,
  temperature: 1,
};

/** A backbone's parts with random weights and random data, as the checks see them. */
export interface Subject extends Parts {
  readonly backbone: Backbone;
  readonly architecture: unknown;
  readonly sampling: TeacherSamplingOptions;
  readonly layout: SequenceLayout;
  readonly length: number;
  readonly batchSize: number;
  readonly rng: Rng;
  readonly compiler: StepCompiler | undefined;
  readonly hostTeacherParameters: Readonly<HostTensors>;
  /** What `initializeFromTeacher` returned, before it was perturbed. */
  readonly hostNetworkParameters: HostTensors;
  /** What the generator's `initialize` made of the perturbed parameters of the network. */
  readonly hostGeneratorParameters: HostTensors;
  readonly hostTokenizerParameters: HostTensors;
  readonly teacherParameters: Record<string, tf.Tensor>;
  readonly networkParameters: Record<string, tf.Tensor>;
  readonly generatorParameters: Record<string, tf.Tensor>;
  readonly tokenizerParameters: Record<string, tf.Tensor>;
  /** Clean vectors [B, n, C], standard normal. */
  readonly sequence: tf.Tensor;
  /** The first condition in turn, for every sample [B, …]. */
  readonly condition: Condition;
  readonly hostCondition: Readonly<HostTensors>;
  /** The second in turn, where it is another one. */
  readonly otherCondition: Condition | undefined;
  /** Standard normals of the given shape; every name gives other ones. */
  normal(name: string, shape: readonly number[]): tf.Tensor;
}

/** Makes weights and data for the parts; throws what they throw. */
export function createSubject(
  backbone: Backbone,
  architecture: unknown,
  parts: Parts,
  options: ConformanceOptions,
): Subject {
  const {
    rng,
    compiler,
    batchSize = 2,
    perturbation = 0.05,
    sampling = DEFAULT_SAMPLING,
  } = options;
  const { teacher, network, generator, tokenizer } = parts;
  const { layout, condition } = network;
  const length = sequenceLength(layout);

  const perturbed = (values: Readonly<HostTensors>, stream: string): HostTensors =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        perturb(value, rng.normal(`${stream}/${name}`, 0, elementCount(value.shape)), perturbation),
      ]),
    );
  const hostTokenizerParameters = tokenizer
    ? perturbed(initializeParameters(tokenizer.parameterSpecs, rng), 'conformance/tokenizer')
    : {};
  const hostTeacherParameters =
    options.teacherParameters ??
    perturbed(initializeParameters(teacher.parameterSpecs, rng), 'conformance/teacher');
  // Copies, in case that a plugin changes what it gets: a rule of its own says so.
  const copy = structuredClone(hostTeacherParameters);
  const hostNetworkParameters = network.initializeFromTeacher(copy, rng);
  const perturbedNetwork = perturbed(hostNetworkParameters, 'conformance/network');
  const hostGeneratorParameters = generator.initialize(structuredClone(perturbedNetwork));
  const same = new Array<number>(batchSize).fill(0);
  const hostCondition = conditionRows(condition.inTurn(0, 1), same);
  const hostOther = conditionRows(condition.inTurn(1, 1), same);
  const isOther = Object.keys(hostCondition).some(
    (name) => !equalValues(hostCondition[name]!.data, hostOther[name]!.data),
  );
  const normal = (name: string, shape: readonly number[]): tf.Tensor =>
    tf.tensor(rng.normal(`conformance/${name}`, 0, elementCount(shape)), [...shape]);

  return {
    ...parts,
    backbone,
    architecture,
    sampling,
    layout,
    length,
    batchSize,
    rng,
    compiler,
    hostTeacherParameters,
    hostNetworkParameters,
    hostGeneratorParameters,
    hostTokenizerParameters,
    teacherParameters: toTensors(hostTeacherParameters),
    networkParameters: toTensors(perturbedNetwork),
    generatorParameters: toTensors(hostGeneratorParameters),
    tokenizerParameters: toTensors(hostTokenizerParameters),
    sequence: normal('sequence', [batchSize, length, layout.channels]),
    condition: toTensors(hostCondition),
    hostCondition,
    otherCondition: isOther ? toTensors(hostOther) : undefined,
    normal,
  };
}

/** Frees what {@link createSubject} made. */
export function disposeSubject(subject: Subject): void {
  tf.dispose([
    subject.teacherParameters,
    subject.networkParameters,
    subject.generatorParameters,
    subject.tokenizerParameters,
    subject.sequence,
    subject.condition,
    subject.otherCondition ?? {},
  ]);
}

function perturb(value: HostTensor, noise: Float32Array, scale: number): HostTensor {
  if (value.dtype === 'int32') return value;
  return { ...value, data: value.data.map((x, i) => x + scale * noise[i]!) };
}

/** [B, n, C]. */
export function sequenceShape({ batchSize, length, layout }: Subject): number[] {
  return [batchSize, length, layout.channels];
}

/** [draws, B, n, C]. */
export function noisyShape(subject: Subject, draws: number): number[] {
  return [draws, ...sequenceShape(subject)];
}

/** Two batch sizes, neither of which is that of the other checks. */
export function otherBatchSizes({ batchSize }: Subject): readonly [number, number] {
  return [1, batchSize + 1];
}

/** Clean vectors [count, n, C] and conditions in turn for another number of samples. */
export function batchOf(
  { layout, length, network, normal }: Subject,
  count: number,
): { readonly sequence: tf.Tensor; readonly condition: Condition } {
  return {
    sequence: normal('sequence', [count, length, layout.channels]),
    condition: toTensors(network.condition.inTurn(0, count)),
  };
}

/** Why a check that runs compiled programs cannot be made. */
export function withoutCompiler({ compiler }: Pick<Subject, 'compiler'>): string | undefined {
  return compiler ? undefined : 'there is no compiler to run it with';
}

/** Why a check of the tokenizer says nothing. */
export function withoutTokenizer({ tokenizer }: Subject): string | undefined {
  return tokenizer ? undefined : 'the backbone has no tokenizer';
}

/** Why a check of a teacher's next-token distribution says nothing. */
export function withoutTokens({ teacher }: Subject): string | undefined {
  return isDiscrete(teacher) ? undefined : 'the teacher has no next-token distribution';
}

/** Why a check that compares two conditions says nothing. */
export function withoutOtherCondition({ otherCondition }: Subject): string | undefined {
  return otherCondition ? undefined : 'all samples have one condition';
}
