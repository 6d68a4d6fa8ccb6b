import type { HostTensors, Parameters } from '@ar-distill/nn';
import { float32, elementCount } from '@ar-distill/nn';
import type * as tf from '@tensorflow/tfjs';

type Kind = 'value' | 'moment1' | 'moment2' | 'ema' | 'gradient';

/** What a group keeps beside the weights. */
export interface ParameterGroupOptions {
  /** Names of the parameters that gradients train; the others are carried unchanged. */
  readonly trained: readonly string[];
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
  readonly trained: readonly string[];
  private readonly names: readonly string[];

  constructor(
    readonly name: string,
    private readonly initial: Readonly<HostTensors>,
    readonly options: ParameterGroupOptions,
  ) {
    this.names = Object.keys(initial);
    this.trained = options.trained;
    const unknown = this.trained.find((parameter) => !initial[parameter]);
    if (unknown) throw new Error(`The network "${name}" has no parameter "${unknown}" to train.`);
  }

  /** Store entries at the start: the given weights, an equal average, zero moments. */
  initialState(): HostTensors {
    const state: HostTensors = {};
    for (const [parameter, value] of Object.entries(this.initial)) {
      state[this.key('value', parameter)] = value;
      if (this.options.ema) state[this.key('ema', parameter)] = value;
    }
    for (const kind of this.trainedKinds()) {
      for (const parameter of this.trained) {
        const { shape } = this.initial[parameter]!;
        state[this.key(kind, parameter)] = float32(shape, new Float32Array(elementCount(shape)));
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
    return [
      ...this.valueNames(),
      ...(this.options.ema ? this.names.map((parameter) => this.key('ema', parameter)) : []),
      ...this.trainedKinds().flatMap((kind) => this.trained.map((parameter) => this.key(kind, parameter))),
    ];
  }

  /** The parameters of one kind inside a step, keyed by their own names. */
  read(kind: Kind, state: Readonly<Record<string, tf.Tensor>>): Parameters {
    const parameters = kind === 'value' || kind === 'ema' ? this.names : this.trained;
    return Object.fromEntries(
      parameters.map((parameter) => {
        const value = state[this.key(kind, parameter)];
        if (!value) throw new Error(`The state "${this.key(kind, parameter)}" is missing.`);
        return [parameter, value];
      }),
    );
  }

  /** Values of one kind under their store names. */
  write(kind: Kind, values: Readonly<Record<string, tf.Tensor>>): Record<string, tf.Tensor> {
    return Object.fromEntries(
      Object.entries(values).map(([parameter, value]) => [this.key(kind, parameter), value]),
    );
  }

  /** Host values of one kind, keyed by the parameters' own names; the average where `ema` is kept. */
  extract(kind: 'value' | 'ema', stored: Readonly<HostTensors>): HostTensors {
    return Object.fromEntries(
      this.names.map((parameter) => {
        const value = stored[this.key(kind, parameter)];
        if (!value) throw new Error(`The state "${this.key(kind, parameter)}" is missing.`);
        return [parameter, value];
      }),
    );
  }

  /** Host values under the store names of the given kind. */
  place(kind: 'value' | 'ema', values: Readonly<HostTensors>): HostTensors {
    return Object.fromEntries(
      Object.entries(values).map(([parameter, value]) => [this.key(kind, parameter), value]),
    );
  }

  private trainedKinds(): Kind[] {
    return ['moment1', 'moment2', ...(this.options.accumulates ? (['gradient'] as const) : [])];
  }

  private key(kind: Kind, parameter: string): string {
    return `${this.name}/${kind}/${parameter}`;
  }
}
