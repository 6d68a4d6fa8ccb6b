import { type HostTensor, type HostTensors, int32 } from '@ar-distill/program';
import { checkCondition } from '../../model/condition';
import type { ConditionalScoreTeacher } from '../../model/conditional-score-teacher';
import { sequenceLength } from '../../model/sequence-layout';
import type { TokenSequences } from '../../model/token-sequences';
import type { TrainingEnvironment } from '../../optimization/training-loop';
import type { RealSequences } from '../../plugin/distillation-method';
import { TrainingInterruptedError } from '../../ports/interruption';
import { ArrayParts } from '../../sampling/array-parts';

/** Name of the stage, and of the arrays that the run keeps. */
export const REAL_STAGE = 'real-sequences';

/**
 * All real sequences. The run keeps them in parts, as `real-sequences-from-N`, N the number of the first
 * one: what a part holds is not encoded again.
 * @throws TrainingInterruptedError when interrupted: the next call goes on from there.
 * @throws RangeError when they are not for the teacher's conditions, or the run holds more than there are.
 */
export async function collectRealSequences(
  source: RealSequences,
  teacher: Pick<ConditionalScoreTeacher, 'layout' | 'condition'>,
  { run, progress, signal }: TrainingEnvironment,
): Promise<TokenSequences> {
  const { count } = source;
  const n = sequenceLength(teacher.layout);
  const tokens = new Int32Array(count * n);
  let done = 0;
  const take = ({ data }: HostTensor): void => {
    if (data.length > (count - done) * n) {
      throw new RangeError(
        `There are more than ${count} of the "${REAL_STAGE}" in the run: its images have changed, so start a new run.`,
      );
    }
    tokens.set(data, done * n);
    done += data.length / n;
  };
  const from = (first: number): HostTensors => ({
    tokens: int32([done - first, n], tokens.subarray(first * n, done * n)),
  });
  const parts = new ArrayParts(run, REAL_STAGE);
  await parts.read(count, ({ tokens: kept }, first) => {
    if (kept) take(kept);
    return done - first;
  });
  try {
    if (done < count) {
      await source.encode(done, async (batch) => {
        take(batch);
        progress.update({ stage: REAL_STAGE, done, total: count, metrics: {} });
        await parts.saveWhenDue(done, from);
      });
    }
  } catch (error) {
    await parts.save(done, from);
    throw signal.aborted ? new TrainingInterruptedError(REAL_STAGE, done, count) : error;
  }
  await parts.save(done, from);
  const condition = await source.condition();
  checkCondition(teacher.condition, condition, count);
  return { tokens: int32([count, n], tokens), condition };
}
