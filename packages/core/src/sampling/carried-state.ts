import type { HostTensors, StateStore } from '@ar-distill/program';

/**
 * What a sampler's program carries from step to step and leaves behind after a call. Finite leftovers
 * are masked or overwritten by the next call, but a NaN times 0 is NaN: after a call that failed the
 * next one starts from the initial state.
 */
export class CarriedState {
  private isSound = true;
  /** Settles with the latest call, however that ends. */
  private latest: Promise<unknown> = Promise.resolve();

  /** `initial` makes the values that the store began with, which may be too large to keep. */
  constructor(
    private readonly store: Pick<StateStore, 'write'>,
    private readonly initial: () => Readonly<HostTensors>,
  ) {}

  /**
   * Runs a call on the store, after those that began before: only then is it known what they leave.
   * `call` rejects when what it drew is not finite.
   */
  use<T>(call: () => Promise<T>): Promise<T> {
    const own = this.latest.then(() => this.run(call));
    this.latest = own.catch(() => undefined);
    return own;
  }

  private async run<T>(call: () => Promise<T>): Promise<T> {
    if (!this.isSound) await this.store.write(this.initial());
    this.isSound = false;
    const result = await call();
    this.isSound = true;
    return result;
  }
}
