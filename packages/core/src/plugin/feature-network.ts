import type { HostTensor, HostTensors, StepCompiler } from '@ar-distill/program';
import type { SupervisedSettings } from '../optimization/supervised-settings';
import type { SupervisedTask } from '../optimization/supervised-task';

/** What a feature network may say of an image; `layers` are channel maps of several depths. */
export type FeatureOutput = 'pool' | 'spatial' | 'logits' | 'layers';

/** Which outputs a network has, and their sizes. */
export interface FeatureOutputs {
  /** Features per image: what Fréchet distance and manifolds are measured in. */
  readonly pool: number;
  /** Values per image of the spatial features. */
  readonly spatial?: number;
  /** Number of classes. */
  readonly logits?: number;
  /** Shapes [height, width, channels] of the maps, from the first layer on. */
  readonly layers?: readonly (readonly [number, number, number])[];
}

/** The outputs that were asked for. */
export interface ExtractedFeatures {
  /** [N, outputs.pool]. */
  readonly pool?: HostTensor;
  /** [N, outputs.spatial]. */
  readonly spatial?: HostTensor;
  /** [N, outputs.logits]. */
  readonly logits?: HostTensor;
  /** [N, height, width, channels] each. */
  readonly layers?: readonly HostTensor[];
}

/** A trained network that is read for its features, loaded and compiled. */
export interface FeatureNetwork {
  readonly name: string;
  readonly outputs: FeatureOutputs;
  /**
   * The named outputs of `images` [N, height, width, channels] in [−1, 1].
   * @throws RangeError when the images have another shape than the network reads.
   */
  extract(images: HostTensor, which: readonly FeatureOutput[]): Promise<ExtractedFeatures>;
  dispose(): Promise<void>;
}

/** Options of `FeatureNetworkProvider.open`. */
export interface FeatureNetworkOptions {
  /** Weights, or the file that holds them, in place of those that ship. */
  readonly weights?: string | Readonly<HostTensors>;
  /** Images per call of the compiled network. */
  readonly batchSize?: number;
}

/** How a plugin offers a feature network; nothing is loaded before `open`. */
export interface FeatureNetworkProvider {
  /** Unique among all installed plugins. */
  readonly name: string;
  readonly summary: string;
  /** How the Fréchet distance in these features is called: values of other networks differ. */
  readonly frechetName: string;
  /** One or two sentences that reports show: what the network is, and what to compare with what. */
  readonly definition: string;
  readonly outputs: FeatureOutputs;
  /**
   * [height, width, channels] of the images that the network reads as they are; undefined when
   * `extract` resizes any.
   */
  readonly imageShape?: readonly [number, number, number];
  /** Files of reference sets that ship, by the name of the data set whose test split they are of. */
  readonly references?: Readonly<Record<string, string>>;
  open(compiler: StepCompiler, options?: FeatureNetworkOptions): Promise<FeatureNetwork>;
  /** How the network was trained, when it can be trained again (`train features NAME`). */
  readonly training?: {
    /** Name of the data set. */
    readonly dataset: string;
    readonly settings: SupervisedSettings;
    /** Batches hold `images` [B, H, W, C] and `labels` [B]. */
    createTask(): SupervisedTask;
    /** The architecture as the weights file states it. */
    readonly architecture: unknown;
  };
}
