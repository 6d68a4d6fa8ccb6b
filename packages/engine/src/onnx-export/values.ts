import type { OnnxTensor } from '../onnx/model';

/** The values of a float32 initializer; they share its memory. */
export function float32Values({ bytes }: OnnxTensor): Float32Array {
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}
