import type { BenchModel } from '../bench-model';
import { autoencoder } from './autoencoder';
import { transformer } from './transformer';

/** What can be measured, by name; made when it is asked for, because the data take memory. */
export const MODELS: Readonly<Record<string, () => BenchModel>> = {
  small: () =>
    transformer({ name: 'small', width: 128, depth: 4, batch: 32, patchNums: [1, 2, 3, 4] }),
  medium: () =>
    transformer({ name: 'medium', width: 256, depth: 6, batch: 32, patchNums: [1, 2, 4, 8] }),
  large: () =>
    transformer({ name: 'large', width: 512, depth: 8, batch: 32, patchNums: [1, 2, 4, 8] }),
  autoencoder: () => autoencoder({ name: 'autoencoder', width: 32, batch: 32 }),
};
