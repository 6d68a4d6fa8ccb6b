import type { Backbone, CheckpointListing, RecognizedPart, TensorShapes } from '@ar-distill/core';
import type { ParameterSpecs } from '@ar-distill/nn';
import { listNames, requireThat } from './assertions';
import type { Check } from './check';
import type { Subject } from './subject';

/** State dicts of nobody, with what a hostile file may hold. */
const FOREIGN: readonly TensorShapes[] = [
  {},
  { weight: { shape: [] }, bias: { shape: [0] } },
  Object.fromEntries(
    ['__proto__', 'constructor', '', 'layers.0.weight'].map((name) => [name, { shape: [2, 3] }]),
  ),
  { 'fc.weight': { shape: [10, 512] }, 'bn1.num_batches_tracked': { shape: [] } },
];

/** Rules of `recognizeCheckpoint`, which gets names and shapes of any file that a user has. */
export const recognitionChecks: readonly Check<Subject>[] = [
  {
    id: 'foreign',
    name: 'recognizeCheckpoint: claims no network of another project',
    needs: ['network-weights'],
    run: ({ backbone }) => {
      for (const tensors of FOREIGN) {
        const claimed = recognize(backbone, [{ path: '', tensors }]);
        requireThat(
          claimed.length === 0,
          `It takes the tensors ${listNames(Object.keys(tensors)) || 'of an empty file'} for a ${claimed[0]?.kind}.`,
        );
      }
      requireThat(recognize(backbone, []).length === 0, 'It finds a network where there is none.');
    },
    exempts: withoutRecognition,
  },
  {
    id: 'recognition',
    name: 'recognizeCheckpoint: knows its own networks, and names their parameters',
    needs: ['foreign'],
    run: (subject) => {
      for (const { kind, tensors } of ownNetworks(subject)) {
        const parts = attempt(subject, tensors);
        if (!parts) continue;
        const found = parts.find((part) => part.kind === kind);
        requireThat(found !== undefined, `It does not know a ${kind} with the names of its own.`);
        const { path, label, parameters } = found;
        requireThat(path === PATH, `It names the path "${path}" instead of "${PATH}".`);
        requireThat(label !== '', 'It gives no label.');
        requireThat(
          parameters.join() === Object.keys(tensors).join(),
          `The parameters of the ${kind} that it names are not all of them, in their order.`,
        );
      }
    },
    exempts: withoutRecognition,
  },
  {
    id: 'incomplete',
    name: 'recognizeCheckpoint: takes no network that lacks a parameter',
    needs: ['recognition'],
    run: (subject) => {
      for (const { kind, tensors, specsOf } of ownNetworks(subject)) {
        for (const missing of Object.keys(tensors)) {
          const others: Record<string, TensorShapes[string]> = { ...tensors };
          delete others[missing];
          const found = attempt(subject, others)?.find((part) => part.kind === kind);
          const specs = found && networkOf(subject, found, specsOf);
          const lacking = Object.keys(specs ?? {}).filter((name) => !others[name]);
          requireThat(
            lacking.length === 0,
            `It takes a ${kind} without ${listNames(lacking)}: throw an error that says what is missing.`,
          );
        }
      }
    },
    exempts: withoutRecognition,
  },
];

const PATH = 'model';

/** Networks as the original project stores them: the tokenizer's tensors are in its own file alone. */
function ownNetworks({ backbone, architecture, sampling }: Subject): readonly {
  readonly kind: RecognizedPart['kind'];
  readonly tensors: TensorShapes;
  readonly specsOf: (architecture: unknown) => ParameterSpecs;
}[] {
  const tokenizerSpecs = (own: unknown): ParameterSpecs =>
    backbone.createTokenizer?.(own).parameterSpecs ?? {};
  const teacherSpecs = (own: unknown): ParameterSpecs => {
    const shared = tokenizerSpecs(own);
    const { parameterSpecs } = backbone.createTeacher(own, sampling);
    return Object.fromEntries(Object.entries(parameterSpecs).filter(([name]) => !shared[name]));
  };
  const networks = [
    { kind: 'teacher', tensors: shapesOf(teacherSpecs(architecture)), specsOf: teacherSpecs },
    { kind: 'tokenizer', tensors: shapesOf(tokenizerSpecs(architecture)), specsOf: tokenizerSpecs },
  ] as const;
  return networks.filter(({ tensors }) => Object.keys(tensors).length > 0);
}

function shapesOf(specs: ParameterSpecs): TensorShapes {
  return Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, { shape }]));
}

/**
 * What is recognised when all keys of the architecture are known; undefined when it says with an error
 * of its own that this is not enough.
 */
function attempt(
  { backbone, architecture }: Subject,
  tensors: TensorShapes,
): readonly RecognizedPart[] | undefined {
  try {
    return recognize(backbone, [{ path: PATH, tensors }], isTree(architecture) ? architecture : {});
  } catch (error) {
    // What JavaScript itself throws is no sentence for a user.
    if (!(error instanceof Error) || error.name !== 'Error') throw error;
    return undefined;
  }
}

function recognize(
  backbone: Backbone,
  parts: CheckpointListing['parts'],
  config: CheckpointListing['config'] = {},
): readonly RecognizedPart[] {
  const found = backbone.recognizeCheckpoint?.({ fileName: 'checkpoint.pth', parts, config }) ?? [];
  requireThat(Array.isArray(found), 'It returns no list.');
  return found;
}

/** Parameters of the network that was recognised; undefined when its sizes do not fit those of the rest. */
function networkOf(
  { backbone, architecture }: Subject,
  { architecture: recognized }: RecognizedPart,
  specsOf: (architecture: unknown) => ParameterSpecs,
): ParameterSpecs | undefined {
  const { success, data } = backbone.architectureSchema.safeParse(merged(architecture, recognized));
  return success ? specsOf(data) : undefined;
}

/** `over` on top of `base`, key by key at any depth. */
function merged(base: unknown, over: unknown): unknown {
  if (!isTree(base) || !isTree(over)) return over === undefined ? base : over;
  const keys = [...new Set([...Object.keys(base), ...Object.keys(over)])];
  return Object.fromEntries(keys.map((key) => [key, merged(base[key], over[key])]));
}

function isTree(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutRecognition({ backbone }: Subject): string | undefined {
  return backbone.recognizeCheckpoint ? undefined : 'the backbone imports no checkpoints';
}
