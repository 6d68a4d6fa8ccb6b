import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listSupportedBackends } from 'onnxruntime-node';
import { describeTensorflow } from '../eager/built-tensorflow';
import { findTensorflow, INSTALL_TENSORFLOW, loadBackend } from '../eager/tfjs-backends';

/** Something that programs can run on, and whether this machine has it. */
export interface BackendDescription {
  readonly name: string;
  readonly available: boolean;
  /** What it is or, when it is missing, how to get it. */
  readonly detail: string;
}

/** The engine's backends; those of ONNX Runtime one by one, by execution provider. */
export async function describeBackends(): Promise<BackendDescription[]> {
  const supported = new Map(listSupportedBackends().map((backend) => [backend.name, backend]));
  const webgpu = supported.has('webgpu');
  const cuda = supported.has('cuda') && existsSync(cudaLibrary());
  return [
    { name: 'onnxruntime cpu', available: supported.has('cpu'), detail: 'compiled programs' },
    {
      name: 'onnxruntime webgpu',
      available: webgpu,
      detail: webgpu
        ? 'compiled programs, where the GPU has a driver for Vulkan, Metal or Direct3D 12'
        : 'not offered for this platform by onnxruntime-node',
    },
    {
      name: 'onnxruntime cuda',
      available: cuda,
      detail: cuda
        ? 'compiled programs on NVIDIA GPUs'
        : supported.has('cuda')
          ? 'its libraries are not downloaded: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node'
          : 'not offered for this platform by onnxruntime-node',
    },
    tensorflowBackend(),
    { name: 'cpu', available: true, detail: 'tfjs in JavaScript: slow, for comparisons' },
  ];
}

/** Where the installer of onnxruntime-node puts what it downloads for CUDA. */
function cudaLibrary(): string {
  const root = dirname(require.resolve('onnxruntime-node/package.json'));
  const { platform, arch } = process;
  return join(root, 'bin', 'napi-v6', platform, arch, 'libonnxruntime_providers_cuda.so');
}

function tensorflowBackend(): BackendDescription {
  const name = 'tensorflow';
  try {
    loadBackend('tensorflow');
    const { name: place = 'the application', forGpu = false } = findTensorflow() ?? {};
    const found = describeTensorflow();
    if (!found) return { name, available: true, detail: `from ${place}` };
    const reason = forGpu && found.device === 'CPU' ? ', since it finds no GPU' : '';
    const device = `TensorFlow ${found.version} on the ${found.device}${reason}`;
    return { name, available: true, detail: `${device}, from ${place}` };
  } catch (error) {
    const detail = error instanceof Error ? error.message : INSTALL_TENSORFLOW;
    return { name, available: false, detail };
  }
}
