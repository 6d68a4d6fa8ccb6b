import { describeTensorflow } from '../eager/built-tensorflow';
import { findTensorflow, INSTALL_TENSORFLOW, loadBackend } from '../eager/tfjs-backends';
import { describeProvider, EXECUTION_PROVIDERS } from './describe-provider';

/** Something that programs can run on, and whether this machine has it. */
export interface BackendDescription {
  readonly name: string;
  readonly available: boolean;
  /** What it is or, when it is missing, how to get it. */
  readonly detail: string;
}

/** The engine's backends; those of ONNX Runtime one by one, by execution provider. */
export async function describeBackends(): Promise<BackendDescription[]> {
  return [
    ...EXECUTION_PROVIDERS.map((provider) => ({
      name: `onnxruntime ${provider}`,
      ...describeProvider(provider),
    })),
    tensorflowBackend(),
    { name: 'cpu', available: true, detail: 'tfjs in JavaScript: slow, for comparisons' },
  ];
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
