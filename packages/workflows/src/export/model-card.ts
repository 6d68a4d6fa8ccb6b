import { type SequenceGenerator, sequenceLength } from '@ar-distill/core';
import { markdownOf, significant, type Table } from '@ar-distill/evaluation/report';
import type { Dtype } from '@ar-distill/program';
import { stringify } from 'yaml';
import type { Results } from '../report/results-file';
import type { Tree } from '../settings/merge';
import { ONNX_FILE, type OnnxFigures, onnxTable } from './compare-models';
import { IMAGES, NOISE } from './image-program';
import { PYTORCH_FILE, type PytorchProgram } from './pytorch-program';
import { TEACHER_FOLDER, type TeacherFigures, teacherSentence } from './teacher-export';

/** Names of the card and of its picture in the model directory. */
export const CARD_FILE = 'README.md';
export const PREVIEW_FILE = 'preview.png';

/** What a model card is made from. */
export interface CardSubject {
  /** Of the directory, for its title and commands. */
  readonly name: string;
  /** `plugin:preset`. */
  readonly preset: string;
  readonly summary: string;
  /** SPDX, lower case; undefined where nobody said it. */
  readonly license?: string | undefined;
  readonly generator: SequenceGenerator;
  /** [height, width, channels]; absent where sequences are not images. */
  readonly imageShape?: readonly number[] | undefined;
  /** The run that it is from; absent for what ships with the preset. */
  readonly run?: { readonly method: string; readonly settings: Tree } | undefined;
  readonly results?: Results | undefined;
  /** Absent where sequences are not images. */
  readonly pytorch?: PytorchProgram | undefined;
  readonly onnx?:
    (OnnxFigures & { readonly metadata: Readonly<Record<string, string>> }) | undefined;
  readonly teacher?: TeacherFigures | undefined;
}

/** The README.md of a model directory: a model card as the Hugging Face hub reads it. */
export function modelCard(subject: CardSubject): string {
  const { name, summary, imageShape, results, pytorch, onnx, teacher } = subject;
  const parts = [
    `---\n${stringify(frontMatter(subject))}---`,
    `# ${name}`,
    `A one-step generator, distilled from an image auto-regressive model by AR-Distill: ${summary}. It makes ${
      imageShape ? `images of ${imageShape.slice(0, 2).join(' × ')} pixels` : 'sequences'
    } in one network evaluation.`,
    ...(imageShape ? [`![Images of this model](${PREVIEW_FILE})`] : []),
    ...(results ? [`## Results\n\n${markdownOf(resultTable(results))}`] : []),
    `## How it was made\n\n${making(subject)}`,
    `## Use\n\n${use(subject)}`,
    ...(pytorch ? [`## PyTorch\n\n${pytorch.absent ?? pytorchUse(pytorch)}`] : []),
    ...(onnx ? [`## ONNX\n\n${onnxPart(subject, onnx)}`] : []),
    ...(teacher ? [`## The teacher\n\n${teacherPart(teacher)}`] : []),
  ];
  return `${parts.join('\n\n')}\n`;
}

function frontMatter({
  license = 'unknown',
  imageShape,
  preset,
  pytorch,
  onnx,
}: CardSubject): Tree {
  return {
    license,
    library_name: 'ar-distill',
    ...(imageShape ? { pipeline_tag: 'unconditional-image-generation' } : {}),
    tags: [
      'ar-distill',
      'one-step-generation',
      'distillation',
      preset.split(':')[0]!,
      ...(pytorch?.text === undefined ? [] : ['pytorch']),
      ...(onnx ? ['onnx'] : []),
    ],
  };
}

/** A row for whatever was measured. */
function resultTable(results: Results): Table {
  const figures = [...new Set(Object.values(results).flatMap((values) => Object.keys(values)))];
  return {
    columns: [{ title: 'method' }, ...figures.map((title) => ({ title, align: 'right' }) as const)],
    rows: Object.entries(results).map(([name, values]) => [
      name,
      ...figures.map((figure) => {
        const value = values[figure];
        return value === undefined || value === null ? '–' : significant(value, 4);
      }),
    ]),
  };
}

function making({ preset, run, license }: CardSubject): string {
  const how = run
    ? `\`ar-distill distill --preset ${preset} --method ${run.method} --config config.yaml\`, with this in \`config.yaml\`:

\`\`\`yaml
${stringify({ settings: run.settings }).trimEnd()}
\`\`\``
    : `These are the weights that ship with the preset \`${preset}\`.`;
  const whose =
    license === undefined
      ? '\n\nNobody said under which licence the networks are that it was distilled from: see to it before you publish it.'
      : '';
  return how + whose;
}

function use({ name, imageShape }: CardSubject): string {
  if (!imageShape)
    return 'Its sequences are not images; `openWeights` of `@ar-distill/workflows` reads them.';
  return `\`\`\`sh
npx ar-distill sample --weights ${name} --count 16
npx ar-distill eval --weights ${name}
\`\`\`

\`\`\`js
import { ImageGenerator } from 'ar-distill';

const generator = await ImageGenerator.fromPretrained('${name}');
const { images } = await generator.generate({ count: 4, seed: 0 });
await generator.dispose();
\`\`\``;
}

function pytorchUse({ isForTwo }: PytorchProgram): string {
  const steps = isForTwo ? '\n\nWith `--steps 2` it draws in two network evaluations.' : '';
  return `\`${PYTORCH_FILE}\` draws the same images of the same noise and classes in PyTorch, without AR-Distill:

\`\`\`sh
pip install torch safetensors numpy pillow
python ${PYTORCH_FILE} --class 3 --count 8 --seed 0 --out images.png
\`\`\`${steps}`;
}

function onnxPart(
  { generator: { layout, condition } }: CardSubject,
  { metadata, count, batchSize, ...figures }: NonNullable<CardSubject['onnx']>,
): string {
  const noise = [sequenceLength(layout), layout.channels];
  const values = Object.entries(condition.values).map(
    ([name, { shape, dtype }]) =>
      `const ${name} = ${exampleOf(dtype, shape, condition.numClasses)};\n`,
  );
  const others = Object.entries(condition.values).map(
    ([name, { shape, dtype }]) =>
      `  ${name}: new ort.Tensor('${dtype}', ${name}, [${['count', ...shape].join(', ')}]),\n`,
  );
  const given = Object.entries(metadata).map(([key, text]) => `- \`${key}\`: ${text}`);
  return `\`${ONNX_FILE}\` is generator and decoder in one model, in standard operators alone, for any number of images:

${given.join('\n')}

${markdownOf(onnxTable(figures))}

${count} images each from the same noise, ${batchSize} per call; max|Δ| is the largest difference of a pixel in [0, 1] from the row above.

In a browser, with onnxruntime-web:

\`\`\`js
import * as ort from 'onnxruntime-web';

const session = await ort.InferenceSession.create('${ONNX_FILE}');
const count = 2;
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const ${NOISE} = Float32Array.from({ length: count * ${noise.join(' * ')} }, normal);
${values.join('')}const { ${IMAGES} } = await session.run({
  ${NOISE}: new ort.Tensor('float32', ${NOISE}, [${['count', ...noise].join(', ')}]),
${others.join('')}});
\`\`\``;
}

function teacherPart(figures: TeacherFigures): string {
  return `\`${TEACHER_FOLDER}/\` is the model that this generator was distilled from, AR step by AR step, with its cache of keys and values: ONNX programs in standard operators that share \`weights.safetensors\`, in float32, and \`programs.json\`, which says what they read. ${teacherSentence(figures)}

In a browser, with onnxruntime-web and \`@ar-distill/engine-web\`:

\`\`\`js
import * as ort from 'onnxruntime-web';
import { openTeacher } from '@ar-distill/engine-web';

const teacher = await openTeacher('${TEACHER_FOLDER}', ort);
const { pixels } = await teacher.draw(0, 1, ({ step, steps, pixels }) => console.log(step, steps));
\`\`\``;
}

/** JavaScript of two samples' values: the first and the last class, anything else zeros to be filled in. */
function exampleOf(dtype: Dtype, shape: readonly number[], numClasses: number | undefined): string {
  if (dtype === 'int32' && numClasses !== undefined) return `Int32Array.of(0, ${numClasses - 1})`;
  const type = dtype === 'int32' ? 'Int32Array' : 'Float32Array';
  return `new ${type}(${['count', ...shape].join(' * ')})`;
}
