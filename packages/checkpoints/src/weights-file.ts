import type { HostTensor, TensorSpec } from '@ar-distill/program';
import type { ElementType } from './element-types';

/** An open file (or folder) of weights: its contents are known, its tensors are read one by one. */
export interface WeightsFile {
  /** Names in the order of the file. */
  readonly names: readonly string[];
  /** Shapes and types as `read` gives them. */
  readonly specs: Readonly<Record<string, TensorSpec>>;
  /** Element types as the file stores them. */
  readonly storedTypes: Readonly<Record<string, ElementType>>;
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * One tensor; float types become float32, integers and flags int32.
   * @throws CheckpointFormatError on an unknown name or an integer above 32 bits.
   */
  read(name: string): Promise<HostTensor>;
  /** The stored little-endian bytes of one tensor, row-major, in pieces of bounded size. */
  readStored(name: string): AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}
