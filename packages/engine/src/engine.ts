import * as tf from '@tensorflow/tfjs';
import { EagerEngine } from './eager/eager-engine';
import type { Engine } from './host/engine-contract';
import type { HostOptions } from './host/host';
import { HostedEngine } from './host/hosted-engine';
import { physicalCores } from './host/physical-cores';
import { SessionHost } from './host/session-host';
import { WorkerHost } from './worker/worker-host';

/** What programs run on; the first one is the default. */
export const ENGINE_BACKEND_NAMES = ['onnxruntime', 'tensorflow', 'cpu'] as const;

export interface EngineOptions {
  /**
   * `onnxruntime` (default) compiles; `tensorflow` (see `installTensorflow`) and `cpu` run the same
   * programs op by op.
   */
  readonly backend?: (typeof ENGINE_BACKEND_NAMES)[number];
  /**
   * Threads of ONNX Runtime, or of TensorFlow, where a process's first engine decides; default: the
   * physical cores that the process may use.
   */
  readonly threads?: number;
  /** Run sessions in a thread of their own, so that the caller's stays responsive. Default true. */
  readonly worker?: boolean;
  /** Record how long operators take; read it with `profile()`. Default false. */
  readonly profile?: boolean;
  /** Execution provider of ONNX Runtime; what it lacks runs on the CPU. Default `cpu`. */
  readonly provider?: 'cpu' | 'cuda' | 'webgpu';
}

/**
 * An engine, to be disposed of when it is not needed any more.
 *
 * @throws RangeError when `threads` is not a positive integer.
 * @throws Error when the backend is not installed.
 */
export function createEngine(options: EngineOptions = {}): Engine {
  const { backend = 'onnxruntime', threads = physicalCores(), worker = true } = options;
  const { profile = false, provider = 'cpu' } = options;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(`An engine cannot run on ${threads} threads: give a positive integer.`);
  }
  // Keeps tfjs from advertising its Node binding on the terminal.
  tf.enableProdMode();
  if (backend !== 'onnxruntime') return new EagerEngine(backend, threads);
  const host: HostOptions = { provider, threads, profile, flushDenormals: worker };
  return new HostedEngine(worker ? new WorkerHost(host) : new SessionHost(host), provider);
}
