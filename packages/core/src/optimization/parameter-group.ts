import type * as tf from '@tensorflow/tfjs';
import type { Parameters } from '@ar-distill/nn';
import {
  elementCount,
  float32,
  type HostTensor,
  type HostTensors,
  type StateStore,
  type TensorSource,
} from '@ar-distill/program';

/** What is kept of a network: weights, Adam moments, moving average, sum of gradients. */
export type GroupKind = 'value' | 'moment1' | 'moment2' | 'ema' | 'gradient';

/** What a group keeps beside the weights. */
export interface ParameterGroupOptions {
  /** Whether gradients train the parameter; the others are carried unchanged. */
  readonly isTrained: (name: string) => boolean;
  /** Keep a moving average of the weights. */
  readonly ema: boolean;
  /** Keep a sum of gradients over micro-batches. */
  readonly accumulates: boolean;
}

/**
 * One network's weights in a state store, with their Adam moments, moving average and gradient sums.
 * Entries are named `<group>/<kind>/<parameter>`, so that several networks share one store.
 */
export class ParameterGroup {
  /** Names of the parameters that gradients train. */
  readonly trained: readonly string[];
  private readonly names: readonly string[];

  constructor(
    readonly name: string,
    private readonly initial: Readonly<HostTensors>,
    readonly options: ParameterGroupOptions,
  ) {
    this.names = Object.keys(initial);
    this.trained = this.names.filter(options.isTrained);
  }

  /** Store entries at the start: the given weights, an equal average, zero moments. */
  initialState(): HostTensors {
    const state: HostTensors = {};
    for (const [parameter, value] of Object.entries(this.initial)) {
      state[this.key('value', parameter)] = value;
    }
    if (this.options.ema) {
      for (const parameter of this.trained) {
        state[this.key('ema', parameter)] = this.initial[parameter]!;
      }
    }
    for (const kind of this.trainedKinds()) {
      for (const parameter of this.trained) {
        state[this.key(kind, parameter)] = zerosLike(this.initial[parameter]!);
      }
    }
    return state;
  }

  /** Store names of the weights: what a program reads to evaluate the network. */
  valueNames(): string[] {
    return this.names.map((parameter) => this.key('value', parameter));
  }

  /** Store names of everything that an update of the weights reads and replaces. */
  updateNames(): string[] {
    const kinds: GroupKind[] = [
      ...(this.options.ema ? ['ema' as const] : []),
      ...this.trainedKinds(),
    ];
    return [
      ...this.valueNames(),
      ...kinds.flatMap((kind) => this.trained.map((parameter) => this.key(kind, parameter))),
    ];
  }

  /** The parameters of one kind inside a step, keyed by their own names. */
  read(kind: GroupKind, state: Readonly<Record<string, tf.Tensor>>): Parameters {
    const parameters = kind === 'value' ? this.names : this.trained;
    return this.collect(kind, parameters, state);
  }

  /** Values of one kind under their store names. */
  write<T>(kind: GroupKind, values: Readonly<Record<string, T>>): Record<string, T> {
    return Object.fromEntries(
      Object.entries(values).map(([parameter, value]) => [this.key(kind, parameter), value]),
    );
  }

  /** Store entries that set parameters to given host values, in the weights and in their average. */
  replacing(values: Readonly<HostTensors>): HostTensors {
    const averaged = Object.entries(values).filter(([name]) => this.trained.includes(name));
    return {
      ...this.write('value', values),
      ...(this.options.ema ? this.write('ema', Object.fromEntries(averaged)) : {}),
    };
  }

  /**
   * Copies the moving average into the weights and sets Adam's moments to zero, one parameter at a time,
   * so that nothing of a large network is in memory twice.
   * @throws Error when the group keeps no average.
   */
  async restartFromAverage(store: Pick<StateStore, 'read' | 'write'>): Promise<void> {
    if (!this.options.ema) throw new Error(`The network "${this.name}" keeps no average.`);
    for (const parameter of this.trained) {
      const key = this.key('ema', parameter);
      const average = (await store.read([key]))[key]!;
      const zeros = zerosLike(average);
      await store.write({
        [this.key('value', parameter)]: average,
        [this.key('moment1', parameter)]: zeros,
        [this.key('moment2', parameter)]: zeros,
      });
    }
  }

  /**
   * Copies of the network's weights, keyed by the parameters' own names. With `average` the moving
   * average stands in for every trained parameter.
   */
  async weights(store: TensorSource, average = false): Promise<HostTensors> {
    const trained = new Set(this.trained);
    const keys = this.names.map((parameter) =>
      this.key(average && trained.has(parameter) ? 'ema' : 'value', parameter),
    );
    const stored = await store.read(keys);
    return Object.fromEntries(this.names.map((parameter, i) => [parameter, stored[keys[i]!]!]));
  }

  private collect<T>(
    kind: GroupKind,
    parameters: readonly string[],
    stored: Readonly<Record<string, T>>,
  ): Record<string, T> {
    return Object.fromEntries(
      parameters.map((parameter) => {
        const value = stored[this.key(kind, parameter)];
        if (value === undefined) {
          throw new Error(`The state "${this.key(kind, parameter)}" is missing.`);
        }
        return [parameter, value];
      }),
    );
  }

  private trainedKinds(): GroupKind[] {
    return ['moment1', 'moment2', ...(this.options.accumulates ? (['gradient'] as const) : [])];
  }

  private key(kind: GroupKind, parameter: string): string {
    return `${this.name}/${kind}/${parameter}`;
  }
}

function zerosLike({ shape }: HostTensor): HostTensor {
  return float32(shape, new Float32Array(elementCount(shape)));
}
