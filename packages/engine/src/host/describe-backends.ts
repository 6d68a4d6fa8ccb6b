import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { listSupportedBackends } from 'onnxruntime-node';
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
          ? `its libraries are not downloaded: node ${cudaInstaller()}`
          : 'not offered for this platform by onnxruntime-node',
    },
    describeTensorflow(),
    { name: 'cpu', available: true, detail: 'tfjs in JavaScript: slow, for comparisons' },
  ];
}

/** The script of onnxruntime-node that downloads what CUDA needs; npm runs it unless it ignores scripts. */
function cudaInstaller(): string {
  return join(onnxRuntimeFolder(), 'script', 'install.js');
}

function onnxRuntimeFolder(): string {
  return dirname(require.resolve('onnxruntime-node/package.json'));
}

/** Where that script puts it. */
function cudaLibrary(): string {
  const { platform, arch } = process;
  return join(
    onnxRuntimeFolder(),
    'bin',
    'napi-v6',
    platform,
    arch,
    'libonnxruntime_providers_cuda.so',
  );
}

function describeTensorflow(): BackendDescription {
  const name = 'tensorflow';
  try {
    loadBackend('tensorflow');
    return { name, available: true, detail: `by ${findTensorflow()?.name ?? 'the application'}` };
  } catch (error) {
    const detail = error instanceof Error ? error.message : INSTALL_TENSORFLOW;
    return { name, available: false, detail };
  }
}
