import { VqTokenizer } from '@ar-distill/backbone-kit';
import { layoutOf, type LlamagenArchitecture } from './architecture';

/** LlamaGen's VQ-16 / VQ-8 tokenizer (vq_model.py), one token after the other in raster order. */
export class LlamagenTokenizer extends VqTokenizer {
  constructor(architecture: LlamagenArchitecture) {
    super(architecture, layoutOf(architecture));
  }
}
