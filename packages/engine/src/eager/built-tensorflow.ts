import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { findLoss, type TensorflowBuild } from '../tensorflow/build-record';
import { LAYOUT } from '../tensorflow/places';
import { TFJS_KEY } from '../tensorflow/tfjs-forwarder';

/** What the binding offers that is used here. */
interface Binding {
  readonly TF_Version: string;
  isUsingGpuDevice(): boolean;
}

/** A backend of tfjs that computes with the binding. */
interface BindingBackend extends tf.KernelBackend {
  readonly binding: Binding;
}

interface BackendModule {
  readonly NodeJSKernelBackend: new (binding: Binding, packageName: string) => BindingBackend;
}

/** What the backend `tensorflow` computes with. */
export interface TensorflowDescription {
  /** Version of TensorFlow. */
  readonly version: string;
  readonly device: 'CPU' | 'GPU';
}

/**
 * Registers the kernels of a build and its backend with the tfjs of this module.
 * @throws Error when a file of it is missing or was cut short.
 * @throws what loading its scripts or its libraries throws.
 */
export function loadBuild(build: TensorflowBuild): void {
  const { folder, binding } = build;
  const { name } = binding;
  // A library that was cut short would take the whole process down.
  const lost = findLoss(build);
  if (lost !== undefined) throw new Error(`${lost} is not there or not whole`);
  Reflect.set(globalThis, Symbol.for(TFJS_KEY), tf);
  const requireThere = createRequire(join(folder, LAYOUT.record));
  requireThere(`${name}/dist/register_all_kernels.js`);
  const { NodeJSKernelBackend }: BackendModule = requireThere(
    `${name}/dist/nodejs_kernel_backend.js`,
  );
  const addon: Binding = requireThere(`${name}/${LAYOUT.addon}`);
  // Priority 0: whoever asks tfjs for the best backend gets the one that he would have got without us.
  tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(addon, name), 0);
}

/** What the registered backend computes with; `undefined` for one of another making. */
export function describeTensorflow(): TensorflowDescription | undefined {
  const backend: unknown = tf.findBackend('tensorflow');
  if (!isBindingBackend(backend)) return undefined;
  const { binding } = backend;
  return { version: binding.TF_Version, device: binding.isUsingGpuDevice() ? 'GPU' : 'CPU' };
}

function isBindingBackend(backend: unknown): backend is BindingBackend {
  if (typeof backend !== 'object' || backend === null || !('binding' in backend)) return false;
  const { binding } = backend;
  return typeof binding === 'object' && binding !== null && 'TF_Version' in binding;
}
