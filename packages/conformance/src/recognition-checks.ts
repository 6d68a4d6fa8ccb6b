import type { Backbone, CheckpointListing, RecognizedPart, TensorShapes } from '@ar-distill/core';
import type { ParameterSpecs } from '@ar-distill/nn';
import { listNames, requireThat, sameShapes } from './assertions';
import type { Check } from './check';
import type { Subject } from './subject';
import { isTree, merged } from './trees';

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
      for (const network of ownNetworks(subject)) {
        const { kind, specsOf } = network;
        const { tensors, found } = recognized(subject, network);
        const { path, label, parameters } = found;
        requireThat(path === PATH, `It names the path "${path}" instead of "${PATH}".`);
        requireThat(label !== '', 'It gives no label.');
        const own = specsOf(subject.architecture);
        const named = Object.keys(tensors).filter((name) => own[name]);
        requireThat(
          named.every((name) => parameters.includes(name)) &&
            parameters.join() ===
              Object.keys(tensors)
                .filter((name) => parameters.includes(name))
                .join(),
          `The parameters of the ${kind} that it names are not all of them, in their order.`,
        );
        const read = networkOf(subject, found, specsOf);
        requireThat(
          read !== undefined && sameShapes(read, own),
          `The architecture that it reads from a ${kind} is another one than the ${kind} has.`,
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
      for (const network of ownNetworks(subject)) {
        const { kind, specsOf } = network;
        const { tensors } = recognized(subject, network);
        for (const missing of Object.keys(specsOf(subject.architecture))) {
          const others: Record<string, TensorShapes[string]> = { ...tensors };
          delete others[missing];
          const found = attempt(subject, others).parts?.find((part) => part.kind === kind);
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

/** A network of the backbone as a file may hold it. */
interface OwnNetwork {
  readonly kind: 'teacher' | 'tokenizer';
  /**
   * The tensors in the ways in which original projects store them: without those that the tokenizer
   * brings, with them, and teacher and tokenizer in one.
   */
  readonly forms: readonly TensorShapes[];
  /** Parameters that are its own. */
  specsOf(architecture: unknown): ParameterSpecs;
}

function ownNetworks({ backbone, architecture, sampling }: Subject): readonly OwnNetwork[] {
  const tokenizerSpecs = (own: unknown): ParameterSpecs =>
    backbone.createTokenizer?.(own).parameterSpecs ?? {};
  const wholeTeacher = (own: unknown): ParameterSpecs =>
    backbone.createTeacher(own, sampling).parameterSpecs;
  const teacherSpecs = (own: unknown): ParameterSpecs => {
    const shared = tokenizerSpecs(own);
    return Object.fromEntries(Object.entries(wholeTeacher(own)).filter(([name]) => !shared[name]));
  };
  const [teacher, whole, tokenizer] = [teacherSpecs, wholeTeacher, tokenizerSpecs].map((specsOf) =>
    shapesOf(specsOf(architecture)),
  ) as [TensorShapes, TensorShapes, TensorShapes];
  const both = { ...whole, ...tokenizer };
  const networks: readonly OwnNetwork[] = [
    { kind: 'teacher', forms: [teacher, whole, both], specsOf: teacherSpecs },
    { kind: 'tokenizer', forms: [tokenizer, both], specsOf: tokenizerSpecs },
  ];
  // An adapted teacher was made here: no original project stores one.
  const isAdapted = backbone.adaptation?.isNeeded(architecture) === false;
  return networks.filter(
    ({ kind, forms: [first] }) =>
      Object.keys(first ?? {}).length > 0 && !(isAdapted && kind === 'teacher'),
  );
}

/** The form in which a network is known, when all keys of the architecture are. */
function recognized(
  subject: Subject,
  { kind, forms }: OwnNetwork,
): { readonly tensors: TensorShapes; readonly found: RecognizedPart } {
  const reasons: string[] = [];
  for (const tensors of forms) {
    const { parts = [], refusal } = attempt(subject, tensors);
    const found = parts.find((part) => part.kind === kind);
    if (found) return { tensors, found };
    if (refusal !== undefined) reasons.push(refusal);
  }
  const [reason] = reasons;
  throw new Error(
    `It does not know a ${kind} with the names of its own` +
      (reason === undefined ? '.' : `, though all of the architecture is given: ${reason}.`),
  );
}

function shapesOf(specs: ParameterSpecs): TensorShapes {
  return Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, { shape }]));
}

/** What is recognised when all keys of the architecture are known, or the error that says why not. */
function attempt(
  { backbone, architecture }: Subject,
  tensors: TensorShapes,
): { readonly parts?: readonly RecognizedPart[]; readonly refusal?: string } {
  const config = isTree(architecture) ? architecture : {};
  try {
    // A copy, in case that the plugin changes what it gets.
    return { parts: recognize(backbone, [{ path: PATH, tensors: { ...tensors } }], config) };
  } catch (error) {
    // What JavaScript itself throws is no sentence for a user.
    if (!(error instanceof Error) || error.name !== 'Error') throw error;
    return { refusal: error.message.replace(/\.$/, '') };
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

function withoutRecognition({ backbone }: Subject): string | undefined {
  return backbone.recognizeCheckpoint ? undefined : 'the backbone imports no checkpoints';
}
