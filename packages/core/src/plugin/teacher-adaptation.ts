import type { HostTensors } from '@ar-distill/program';
import type { SupervisedTask } from '../optimization/supervised-task';

/**
 * How a teacher that reads tokens becomes one that reads continuous code vectors (DD2, appendix E), in
 * families that need it: new input layers learn the embedding table, then the whole teacher is
 * fine-tuned with its AR loss. All functions take the architecture of the teacher with the table.
 */
export interface TeacherAdaptation<A = unknown> {
  /** Whether a teacher of this architecture still reads tokens. */
  isNeeded(architecture: A): boolean;
  /** The architecture afterwards, for which `isNeeded` is false. */
  adaptedArchitecture(architecture: A): A;
  /**
   * Regression of the new input layers on the embedding table over the whole codebook. It reads no
   * batch; the teacher's own weights are given as initial values. Its metrics hold `relativeError`:
   * the squared error over the table's squared norm.
   */
  createRegressionTask(architecture: A): SupervisedTask;
  /** Weights of the adapted teacher, from the teacher's and the result of the regression. */
  adaptedWeights(
    architecture: A,
    teacherWeights: Readonly<HostTensors>,
    regressed: Readonly<HostTensors>,
  ): HostTensors;
  /**
   * AR loss of the adapted teacher; batches hold `tokens` [B, n] int32 and the condition as
   * `conditionInputs` names it.
   */
  createFineTuningTask(architecture: A): SupervisedTask;
  /**
   * The same with the cross-entropy to the whole next-token distributions of the teacher that reads tokens,
   * whose weights it takes as constants.
   */
  createMatchingTask(architecture: A): SupervisedTask;
}
