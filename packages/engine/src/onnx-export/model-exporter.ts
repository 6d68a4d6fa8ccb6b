import type {
  ExportedModel,
  ModelExporter,
  ModelPrecision,
  SampleProgram,
} from '@ar-distill/program';
import { physicalCores } from '../host/physical-cores';
import { toStandardOnnx } from '../lower/to-onnx';
import type { OnnxGraph } from '../onnx/model';
import { trace } from '../trace/trace';
import { forAnyBatch } from './any-batch';
import { encodeFiles } from './encode-files';
import { exportedSteps } from './exported-steps';
import { halfPrecision } from './half-precision';
import { integerWeights } from './integer-weights';
import { openModelFile } from './model-file-session';

/** Numbers of samples that no other size of a network is likely to have. */
const BATCHES = [11, 13, 17];

const PRECISIONS: Readonly<Record<ModelPrecision, (graph: OnnxGraph) => OnnxGraph>> = {
  fp32: (graph) => graph,
  fp16: halfPrecision,
  int8: integerWeights,
};

/**
 * Programs as ONNX models (opset 20, standard operators alone) for other runtimes.
 * @param options threads of the models that it opens; default: the physical cores.
 */
export function createModelExporter({
  threads = physicalCores(),
}: { readonly threads?: number | undefined } = {}): ModelExporter {
  return {
    export: (program) => exported(program),
    exportSteps: exportedSteps,
    open: (file) => openModelFile(file, threads),
  };
}

function exported(program: SampleProgram): ExportedModel {
  const { name, fn, constants = {}, inputs } = program;
  const traced = BATCHES.map((batch) => {
    const batched = Object.entries(inputs).map(
      ([key, { shape, dtype }]) => [key, { shape: [batch, ...shape], dtype }] as const,
    );
    const spec = { state: {}, constants, inputs: Object.fromEntries(batched) };
    return { batch, graph: toStandardOnnx(trace(name, fn, spec)) };
  });
  const graph = forAnyBatch(traced);
  return {
    encode: (file, precision, metadata) =>
      encodeFiles(PRECISIONS[precision](graph), file, metadata),
  };
}
