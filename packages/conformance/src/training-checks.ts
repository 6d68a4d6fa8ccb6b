import { conditionInputs, isDiscrete } from '@ar-distill/core';
import type { SupervisedTask } from '@ar-distill/core/optimization';
import type { ParameterSpecs } from '@ar-distill/nn';
import { elementCount, float32, type HostTensors, int32 } from '@ar-distill/program';
import { equalWeights, listNames, requireParsed, requireThat, sameShapes } from './assertions';
import type { Check } from './check';
import { requireOneUpdate } from './one-update';
import { randomImages } from './random-images';
import { sequenceShape, type Subject, withoutCompiler, withoutTokenizer } from './subject';
import { VelocityTask } from './velocity-task';

/** Rules of what is trained: every task makes one compiled update, and the rest follows from it. */
export const trainingChecks: readonly Check<Subject>[] = [
  {
    id: 'network-update',
    name: 'network: it makes one compiled update',
    needs: ['network-gradients'],
    run: async (subject) => {
      const { network, hostNetworkParameters, rng, batchSize } = subject;
      const shape = sequenceShape(subject);
      const draw = (name: string) => float32(shape, rng.normal(name, 0, elementCount(shape)));
      await requireOneUpdate(new VelocityTask(network), {
        ...compiled(subject),
        batch: {
          sequence: draw('conformance/clean'),
          noise: draw('conformance/noise'),
          ...conditionInputs(network.condition.inTurn(0, batchSize)),
        },
        initial: hostNetworkParameters,
      });
    },
    exempts: withoutCompiler,
  },
  {
    id: 'tokenizer-task',
    name: 'training: the tokenizer makes one compiled update',
    needs: ['tokenizer-compiled'],
    run: async (subject) => {
      const { backbone, architecture, tokenizer, batchSize, rng } = subject;
      const task = backbone.createTokenizerTask?.(architecture);
      if (!task || !tokenizer) return;
      const updated = await requireOneUpdate(task, {
        ...compiled(subject),
        batch: { images: randomImages(rng, [batchSize, ...tokenizer.imageShape]) },
        initial: subject.hostTokenizerParameters,
      });
      requireAll('The training of the tokenizer', tokenizer.parameterSpecs, updated);
    },
    exempts: (subject) =>
      withoutTask(subject.backbone.createTokenizerTask) ??
      withoutTokenizer(subject) ??
      withoutCompiler(subject),
  },
  {
    id: 'fit',
    name: 'training: fitTokenizer gives an architecture of the same networks',
    needs: ['tokenizer-codebook'],
    run: ({ backbone, architecture, layout, sampling, hostTokenizerParameters, teacher }) => {
      const kept = structuredClone(hostTokenizerParameters);
      const fitted = requireParsed(
        'architectureSchema refuses what it gives',
        backbone.architectureSchema.safeParse(
          backbone.fitTokenizer?.(architecture, hostTokenizerParameters),
        ),
      );
      requireThat(
        equalWeights(kept, hostTokenizerParameters),
        'It changes the weights of the tokenizer: copy what you change.',
      );
      const after = backbone.createTeacher(fitted, sampling);
      requireThat(
        after.layout.stepLengths.join() === layout.stepLengths.join() &&
          sameShapes(after.parameterSpecs, teacher.parameterSpecs),
        'The teacher of what it gives has another layout or other parameters.',
      );
      const { codeScale } = after;
      requireThat(
        Number.isFinite(codeScale) && codeScale > 0,
        `What it gives has the codeScale ${codeScale}.`,
      );
    },
    exempts: (subject) => withoutTask(subject.backbone.fitTokenizer) ?? withoutTokenizer(subject),
  },
  teacherTask({
    id: 'teacher-task',
    name: 'training: the teacher makes one compiled update',
    taskOf: ({ backbone, architecture }) => backbone.createTeacherTask?.(architecture),
    given: {
      what: 'The training of the teacher',
      specsOf: ({ teacher }) => teacher.parameterSpecs,
    },
  }),
  {
    id: 'regression-task',
    name: 'adaptation: the regression makes one compiled update',
    needs: ['adaptation'],
    run: async (subject) => {
      const task = adaptationOf(subject)?.createRegressionTask(subject.architecture);
      if (!task) return;
      const initial = subject.hostTeacherParameters;
      await requireOneUpdate(task, { ...compiled(subject), batch: {}, initial });
    },
    exempts: (subject) => withoutAdaptation(subject) ?? withoutCompiler(subject),
  },
  teacherTask({
    id: 'fine-tuning-task',
    name: 'adaptation: the fine-tuning makes one compiled update',
    taskOf: (subject) => adaptationOf(subject)?.createFineTuningTask(subject.architecture),
  }),
  teacherTask({
    id: 'matching-task',
    name: 'adaptation: the fine-tuning on distributions makes one compiled update',
    taskOf: (subject) => adaptationOf(subject)?.createMatchingTask(subject.architecture),
    constantsOf: ({ hostTeacherParameters }) => hostTeacherParameters,
  }),
];

/** A check of a training that reads tokens and conditions. */
function teacherTask({
  id,
  name,
  taskOf,
  given,
  constantsOf,
}: {
  readonly id: string;
  readonly name: string;
  taskOf(subject: Subject): SupervisedTask | undefined;
  /** What the training has to give. */
  readonly given?: { readonly what: string; specsOf(subject: Subject): ParameterSpecs };
  constantsOf?(subject: Subject): Readonly<HostTensors>;
}): Check<Subject> {
  return {
    id,
    name,
    needs: ['teacher-compiled', 'shared-names', 'adaptation'],
    run: async (subject) => {
      const task = taskOf(subject);
      if (!task) return;
      const { teacher, batchSize, length, rng } = subject;
      const vocabSize = vocabSizeOf(subject);
      const drawn = rng.integers('conformance/tokens', 0, batchSize * length, vocabSize);
      const updated = await requireOneUpdate(task, {
        ...compiled(subject),
        batch: {
          tokens: int32([batchSize, length], drawn),
          ...conditionInputs(teacher.condition.inTurn(0, batchSize)),
        },
        initial: { ...subject.hostTeacherParameters, ...subject.hostTokenizerParameters },
        ...(constantsOf ? { constants: constantsOf(subject) } : {}),
      });
      if (given) requireAll(given.what, given.specsOf(subject), updated);
    },
    exempts: (subject) => withoutTask(taskOf(subject)) ?? withoutCompiler(subject),
  };
}

/** Names of the parameters that a part needs must be among those that its training gives. */
function requireAll(what: string, specs: ParameterSpecs, given: Readonly<HostTensors>): void {
  const missing = Object.keys(specs).filter(
    (name) => given[name]?.shape.join() !== specs[name]!.shape.join(),
  );
  requireThat(missing.length === 0, `${what} does not give ${listNames(missing)}.`);
}

function compiled({ compiler, rng, batchSize }: Subject) {
  if (!compiler) throw new Error('There is no compiler.');
  return { compiler, rng, batchSize };
}

function vocabSizeOf({ teacher, teacherParameters, tokenizer }: Subject): number {
  const size = isDiscrete(teacher)
    ? teacher.scaledCodebook(teacherParameters).shape[0]
    : tokenizer?.vocabSize;
  if (size === undefined) throw new Error('Neither teacher nor tokenizer says which tokens exist.');
  return size;
}

/** The adaptation of a teacher that needs one. */
function adaptationOf({ backbone: { adaptation }, architecture }: Subject) {
  return adaptation?.isNeeded(architecture) ? adaptation : undefined;
}

function withoutAdaptation(subject: Subject): string | undefined {
  return adaptationOf(subject) ? undefined : 'the teacher needs no adaptation';
}

function withoutTask(task: unknown): string | undefined {
  return task === undefined ? 'the backbone does not offer it' : undefined;
}
