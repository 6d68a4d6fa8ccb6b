import type { HostTensors } from '@ar-distill/nn';
import type { StateStore } from '../ports/step-compiler';

/**
 * What a sampler's program carries from step to step and leaves behind after a call. Finite leftovers
 * are masked or overwritten by the next call, but a NaN times 0 is NaN: after a call that failed the
 * next one starts from the initial state.
 */
export class CarriedState {
  private isSound = true;

  /** `initial` makes the values that the store began with. */
  constructor(
    private readonly store: StateStore,
    private readonly initial: () => HostTensors,
  ) {}

  /** Runs a call on the store; `call` rejects when what it drew is not finite. */
  async use<T>(call: () => Promise<T>): Promise<T> {
    if (!this.isSound) await this.store.write(this.initial());
    // A call that begins before this one has ended cannot know what this one leaves.
    this.isSound = false;
    const result = await call();
    this.isSound = true;
    return result;
  }
}
