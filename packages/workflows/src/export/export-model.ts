import path from 'node:path';
import { atomicWriteFile } from '@ar-distill/checkpoints';
import type { ServiceContainer } from '@ar-distill/di';
import type { ModelPrecision } from '@ar-distill/program';
import { openContext, type PresetContext } from '../context';
import { InvalidOptionError } from '../errors';
import type { WorkflowOptions } from '../events';
import { loadGenerator, type StoredGenerator } from '../models/generator-file';
import { guidanceProvenance } from '../models/generator-guidance';
import { newModelFolder, writeModelFolder, type WrittenModel } from '../models/model-folder';
import { pickParameters } from '../models/parameters';
import { type PresetModels, tokenizerFileOf } from '../models/preset-models';
import { presetInFile } from '../models/preset-names';
import { type PresetChoice, resolvePreset } from '../models/resolve-preset';
import { formatResults, readResults, RESULTS_FILE } from '../report/results-file';
import { type NamedRun, namedRun } from '../runs/named-run';
import { DISTILLATION, readRun } from '../runs/run-kinds';
import { filesOf } from '../runs/run-networks';
import { decoderOf, imageDecoder } from '../sample/decoder';
import { loadSampledModels, sampledFiles } from '../sample/open-sampler';
import { previewGrid } from '../sample/preview-grid';
import { checkCount, checkNewFolder } from '../settings/check-option';
import type { Tree } from '../settings/merge';
import type { OnnxFigures } from './compare-models';
import { CARD_FILE, type CardSubject, modelCard, PREVIEW_FILE } from './model-card';
import { prepareOnnx } from './onnx-export';
import { licenseOfPlugin } from './plugin-license';
import { PYTORCH_FILE, pytorchProgram } from './pytorch-program';
import { storedTensors } from './stored-tensors';
import { prepareTeacher, type TeacherFigures } from './teacher-export';

/** Options of `exportModel`. */
export interface ExportOptions extends PresetChoice {
  /** Run directory, or `latest`; default: what ships with the preset. */
  readonly run?: string | undefined;
  /** Model directory; default: named after the run or the preset, under `models`. */
  readonly out?: string | undefined;
  /** Also write generator and decoder as one ONNX model of this precision. */
  readonly onnx?: ModelPrecision | undefined;
  /** Beside the ONNX model, also the teacher's own sampling as programs for other runtimes, in float32. */
  readonly teacher?: boolean | undefined;
  /** In the ONNX model, replace every code vector by the nearest code before decoding. */
  readonly snap?: boolean | undefined;
  /** Images that the ONNX model is compared by; default 10,000 where they can be measured, else 16. */
  readonly samples?: number | undefined;
}

/** A model directory that was written. */
export interface ExportResult {
  readonly folder: string;
  /** Of all its files. */
  readonly bytes: number;
  /** The ONNX model beside the library. */
  readonly onnx?: OnnxFigures;
  /** The exported teacher beside the library's. */
  readonly teacher?: TeacherFigures;
}

/**
 * Writes the generator of a run, or the one that ships with a preset, and the tokenizer as one model
 * directory with a model card, a picture, the figures of the run's report and a PyTorch program, where its
 * backbone brings one; as an ONNX model, too, where it is asked for. Nothing remains of what fails.
 * @throws InvalidOptionError naming the option that is wrong; Error when the ONNX model does not draw what
 *   the library draws.
 */
export async function exportModel(
  container: ServiceContainer,
  options: ExportOptions,
  run: WorkflowOptions = {},
): Promise<ExportResult> {
  checkOptions(options);
  const context = await resolvePreset(openContext(container, run), options);
  const { found } = context;
  const named = namedRun(options, context);
  const name = named ? path.basename(path.resolve(named.folder)) : found.name;
  const folder = newModelFolder(options.out, name);
  const origin = await originOf(context, named);
  const files = await sampledFiles(context, options);
  const models = await loadSampledModels(context, files, options);
  const generator = await loadGenerator(context, models, files.generator);
  const model = modelOf(context, models, generator, await tokenizerFileOf(found.preset, files));
  context.emit({ kind: 'ready', writes: [folder] });
  context.signal.throwIfAborted();
  const decoder = decoderOf(models, generator.isSnapped);
  const pytorch = decoder && (await pytorchProgram(context, generator));
  const onnx =
    options.onnx &&
    (await prepareOnnx(
      context,
      generator,
      imageDecoder(context, models, options.snap ?? generator.isSnapped),
      {
        precision: options.onnx,
        samples: options.samples,
      },
    ));
  const teacher = options.teacher && prepareTeacher(context, models, imageDecoder(context, models));
  const written: { onnx?: OnnxFigures; teacher?: TeacherFigures } = {};
  const bytes = await writeModelFolder(context, 'export', folder, {
    ...model,
    complete: async (place) => {
      const write = (file: string, content: Uint8Array | string): Promise<void> =>
        atomicWriteFile(path.join(place, file), Buffer.from(content));
      if (decoder)
        await write(PREVIEW_FILE, await previewGrid(context, models, generator, decoder));
      if (pytorch?.text !== undefined) await write(PYTORCH_FILE, pytorch.text);
      if (origin.results) await write(RESULTS_FILE, formatResults(origin.results));
      if (onnx) written.onnx = await onnx.write(place);
      if (teacher) written.teacher = await teacher.write(place);
      const card = modelCard({
        name: path.basename(path.resolve(folder)),
        preset: `${found.plugin}:${found.name}`,
        summary: found.preset.summary,
        generator: generator.generator,
        imageShape: decoder?.tokenizer.imageShape,
        ...origin,
        pytorch,
        ...(onnx && written.onnx ? { onnx: { ...written.onnx, metadata: onnx.metadata } } : {}),
        teacher: written.teacher,
      });
      await write(CARD_FILE, card);
    },
  });
  return { folder, bytes, ...written };
}

function checkOptions({ out, onnx, teacher, snap, samples }: ExportOptions): void {
  const [idle] = Object.entries({ teacher, snap, samples }).flatMap(([name, value]) =>
    value === undefined || value === false ? [] : name,
  );
  if (onnx === undefined && idle !== undefined) {
    throw new InvalidOptionError(
      `"${idle}" is about the ONNX model: leave it out, or say with "onnx" how that is to be written.`,
      { options: [idle, 'onnx'] },
    );
  }
  if (samples !== undefined) checkCount('The number of samples', samples);
  if (out !== undefined) checkNewFolder(out);
}

/** What is known of how the weights came about. */
async function originOf(
  context: PresetContext,
  named: NamedRun | undefined,
): Promise<Pick<CardSubject, 'run' | 'results' | 'license'>> {
  const { container, found } = context;
  if (!named) return { license: await licenseOfPlugin(container, found.plugin) };
  const config = readRun(DISTILLATION, context, named.folder, 'RUN');
  const isOfPreset = Object.keys(filesOf(config)).length === 0;
  return {
    run: { method: config.method, settings: config.settings },
    results: await readResults(named.folder),
    license: isOfPreset ? await licenseOfPlugin(container, found.plugin) : undefined,
  };
}

/** The generator and the tokenizer as they are written. */
function modelOf(
  { found }: PresetContext,
  { tokenizer }: PresetModels,
  { file, architecture: ofGenerator, provenance, generator, weights }: StoredGenerator,
  tokenizerFile: string | undefined,
): WrittenModel {
  const { backbone } = found;
  // The backbone's own terms are an object.
  const architecture = ofGenerator as Tree;
  const { method, decoding } = provenance;
  const networks = [
    {
      kind: 'generator',
      file,
      prefix: 'generator.',
      weights,
      provenance: {
        ...(method === undefined ? {} : { method }),
        ...guidanceProvenance(generator),
        ...(decoding === undefined ? {} : { decoding }),
      },
    },
  ];
  if (backbone.createTokenizer && tokenizer && tokenizerFile !== undefined) {
    // What the generator states has to make the tokenizer as well: the folder states one architecture.
    const { parameterSpecs } = backbone.createTokenizer(architecture);
    networks.push({
      kind: 'tokenizer',
      file: tokenizerFile,
      prefix: 'tokenizer.',
      weights: pickParameters('tokenizer', parameterSpecs, [tokenizer.weights]),
      provenance: {},
    });
  }
  return {
    description: {
      plugin: backbone.name,
      preset: presetInFile(backbone.name, found),
      components: networks.map((network) => ({
        kind: network.kind,
        label: found.name,
        tensors: Object.keys(network.weights).length,
        source: { file: path.basename(network.file), path: '' },
        prefix: network.prefix,
        provenance: network.provenance,
      })),
      architecture,
    },
    tensors: storedTensors(networks),
  };
}
