import type { ModelFileBytes } from '@ar-distill/program';
import { encodeModel, type OnnxGraph } from '../onnx/model';

/** Protocol buffers end at 2 GiB; the rest is left for the nodes. */
const LARGEST_INSIDE = 2 ** 31 - 2 ** 26;
/** Constants of up to this many bytes are part of the model in any case. */
const SMALL_CONSTANT = 2 ** 10;
/** What runtimes can map into memory begins at such multiples. */
const ALIGNMENT = 4096;

/**
 * The model as one file or, when its constants take more than `largestInside` bytes, as one without the
 * larger constants and one that holds these.
 */
export function encodeFiles(
  graph: OnnxGraph,
  name: string,
  metadata: Readonly<Record<string, string>>,
  largestInside = LARGEST_INSIDE,
): readonly ModelFileBytes[] {
  const options = { standardOperators: true, metadata };
  const size = graph.initializers.reduce((sum, { bytes }) => sum + bytes.length, 0);
  if (size <= largestInside) return [{ name, pieces: [encodeModel(graph, options)] }];
  const location = `${name}.data`;
  const pieces: Uint8Array[] = [];
  let offset = 0;
  const append = (bytes: Uint8Array): void => {
    pieces.push(bytes);
    offset += bytes.length;
  };
  const initializers = graph.initializers.map((tensor) => {
    if (tensor.bytes.length <= SMALL_CONSTANT) return tensor;
    append(new Uint8Array((ALIGNMENT - (offset % ALIGNMENT)) % ALIGNMENT));
    const placed = { ...tensor, location, offset };
    append(tensor.bytes);
    return placed;
  });
  return [
    { name, pieces: [encodeModel({ ...graph, initializers }, options)] },
    { name: location, pieces },
  ];
}
