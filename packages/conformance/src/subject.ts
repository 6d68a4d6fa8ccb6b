import * as tf from '@tensorflow/tfjs';
import {
  ArDiffusionGenerator,
  type Backbone,
  type Condition,
  type ConditionalScoreTeacher,
  conditionRows,
  type ImageTokenizer,
  type OneStepGenerator,
  PLAIN_SAMPLING,
  type SequenceLayout,
  sequenceLength,
  type TeacherSamplingOptions,
  type VelocityNetwork,
} from '@ar-distill/core';
import { initializeParameters } from '@ar-distill/nn';
import {
  elementCount,
  type HostTensor,
  type HostTensors,
  type Rng,
  type StepCompiler,
} from '@ar-distill/program';
import { equalValues } from './assertions';

/** How a backbone is checked. */
export interface ConformanceOptions {
  readonly rng: Rng;
  /** Runs the teacher's sampler; without it the sampler is not checked. */
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

/** A backbone's parts with random weights and random data, as the checks see them. */
export interface Subject {
  readonly teacher: ConditionalScoreTeacher;
  /** The same without guidance and truncation. */
  readonly plainTeacher: ConditionalScoreTeacher;
  readonly network: VelocityNetwork;
  readonly generator: OneStepGenerator;
  readonly tokenizer: ImageTokenizer | undefined;
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
  normal(name: string, shape: number[]): tf.Tensor;
}

/** Builds every part of the backbone; throws what its factories throw. */
export function createSubject<A>(
  backbone: Backbone<A>,
  architecture: A,
  options: ConformanceOptions,
): Subject {
  const { rng, compiler, batchSize = 2, perturbation = 0.05 } = options;
  const sampling = options.sampling ?? { guidanceScale: 1.5, topK: 3, topP: 0.9, temperature: 1 };
  const teacher = backbone.createTeacher(architecture, sampling);
  const plainTeacher = backbone.createTeacher(architecture, PLAIN_SAMPLING);
  const network = backbone.createNetwork(architecture);
  const tokenizer = backbone.createTokenizer?.(architecture);
  const generator = backbone.createGenerator?.(architecture) ?? new ArDiffusionGenerator(network);
  const { layout, condition } = network;
  const length = sequenceLength(layout);

  const perturbed = (values: Readonly<HostTensors>, stream: string): HostTensors =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        perturb(value, rng.normal(`${stream}/${name}`, 0, elementCount(value.shape)), perturbation),
      ]),
    );
  const hostTeacherParameters =
    options.teacherParameters ??
    perturbed(initializeParameters(teacher.parameterSpecs, rng), 'conformance/teacher');
  const hostNetworkParameters = network.initializeFromTeacher(hostTeacherParameters, rng);
  const perturbedNetwork = perturbed(hostNetworkParameters, 'conformance/network');
  const hostGeneratorParameters = generator.initialize(perturbedNetwork);
  const same = new Array<number>(batchSize).fill(0);
  const hostCondition = conditionRows(condition.inTurn(0, 1), same);
  const hostOther = conditionRows(condition.inTurn(1, 1), same);
  const isOther = Object.keys(hostCondition).some(
    (name) => !equalValues(hostCondition[name]!.data, hostOther[name]!.data),
  );
  const normal = (name: string, shape: number[]): tf.Tensor =>
    tf.tensor(rng.normal(`conformance/${name}`, 0, elementCount(shape)), shape);

  return {
    teacher,
    plainTeacher,
    network,
    generator,
    tokenizer,
    layout,
    length,
    batchSize,
    rng,
    compiler,
    hostTeacherParameters,
    hostNetworkParameters,
    hostGeneratorParameters,
    teacherParameters: toTensors(hostTeacherParameters),
    networkParameters: toTensors(perturbedNetwork),
    generatorParameters: toTensors(hostGeneratorParameters),
    tokenizerParameters: tokenizer
      ? toTensors(
          perturbed(initializeParameters(tokenizer.parameterSpecs, rng), 'conformance/tokenizer'),
        )
      : {},
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

function toTensors(values: Readonly<HostTensors>): Record<string, tf.Tensor> {
  return Object.fromEntries(
    Object.entries(values).map(([name, { data, shape, dtype }]) => [
      name,
      tf.tensor(data, [...shape], dtype),
    ]),
  );
}

/** [B, n, C]. */
export function sequenceShape({ batchSize, length, layout }: Subject): number[] {
  return [batchSize, length, layout.channels];
}
