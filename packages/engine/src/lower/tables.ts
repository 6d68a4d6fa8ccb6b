import { CONVOLUTION_LOWERINGS } from './convolutions';
import { DEPTHWISE_LOWERINGS } from './depthwise';
import { ELEMENTWISE_LOWERINGS } from './elementwise';
import { FUSED_LOWERINGS } from './fusions';
import type { LoweringTable, Provider } from './lowering';
import { POOLING_LOWERINGS } from './pooling';
import { REDUCTION_LOWERINGS } from './reductions';
import { STRUCTURAL_LOWERINGS } from './structural';

const CPU: LoweringTable = {
  ...FUSED_LOWERINGS,
  ...ELEMENTWISE_LOWERINGS,
  ...REDUCTION_LOWERINGS,
  ...STRUCTURAL_LOWERINGS,
  ...CONVOLUTION_LOWERINGS,
  ...DEPTHWISE_LOWERINGS,
  ...POOLING_LOWERINGS,
};

/**
 * Lowering rules per execution provider. CUDA runs the CPU's operators; WebGPU lacks some of them and
 * ONNX Runtime falls back to the CPU there, so that both are correct before they are fast.
 */
export const LOWERINGS: { readonly [P in Provider]: LoweringTable } = {
  cpu: CPU,
  cuda: CPU,
  webgpu: CPU,
};
