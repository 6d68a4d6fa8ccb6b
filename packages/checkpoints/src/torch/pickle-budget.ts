/** Bytes that the values of a pickle may take in memory: several times those of any checkpoint. */
const BUDGET = 128 * 2 ** 20;

/** About what values take, in bytes. */
export const COST = { value: 32, text: 24, list: 64, dict: 224, memo: 48 } as const;

/** Counts what the values of a pickle take: one byte of a pickle can ask for a dict of 200. */
export class PickleBudget {
  #left = BUDGET;

  /** @throws Error with half a sentence when there is not so much left. */
  spend(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) {
      throw new Error(
        `the pickle would take more than ${BUDGET / 2 ** 20} MiB of memory, which no state dict needs: save the state dict alone`,
      );
    }
  }
}
