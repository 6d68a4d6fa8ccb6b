import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { onnxRuntime } from './onnx-runtime';

/** Execution providers of ONNX Runtime that an engine can be asked for. */
export const EXECUTION_PROVIDERS = ['cpu', 'webgpu', 'cuda'] as const;

/** Whether this machine has an execution provider. */
export interface ProviderDescription {
  readonly available: boolean;
  /** What it is or, when it is missing, how to get it. */
  readonly detail: string;
}

const NOT_OFFERED = 'not offered for this platform by onnxruntime-node';

/** An execution provider on this machine; nothing is loaded for it. */
export function describeProvider(
  provider: (typeof EXECUTION_PROVIDERS)[number],
): ProviderDescription {
  const offered = offers(provider);
  if (typeof offered === 'string') return { available: false, detail: offered };
  switch (provider) {
    case 'cpu':
      return { available: offered, detail: 'compiled programs' };
    case 'webgpu':
      return {
        available: offered,
        detail: offered
          ? 'compiled programs, where the GPU has a driver for Vulkan, Metal or Direct3D 12'
          : NOT_OFFERED,
      };
    case 'cuda': {
      const available = offered && existsSync(cudaLibrary());
      if (available) return { available, detail: 'compiled programs on NVIDIA GPUs' };
      return {
        available,
        detail: offered
          ? `its libraries are not downloaded: node "${cudaInstaller()}"`
          : NOT_OFFERED,
      };
    }
  }
}

/** Whether ONNX Runtime has it on this platform, or why there is no ONNX Runtime. */
function offers(provider: string): boolean | string {
  try {
    return onnxRuntime()
      .listSupportedBackends()
      .some(({ name }) => name === provider);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The script of onnxruntime-node that downloads what CUDA needs; npm runs it unless it ignores scripts. */
function cudaInstaller(): string {
  return join(onnxRuntimeFolder(), 'script', 'install.js');
}

/** Where that script puts it. */
function cudaLibrary(): string {
  const { platform, arch } = process;
  const folder = join(onnxRuntimeFolder(), 'bin', 'napi-v6', platform, arch);
  return join(folder, 'libonnxruntime_providers_cuda.so');
}

function onnxRuntimeFolder(): string {
  return dirname(require.resolve('onnxruntime-node/package.json'));
}
