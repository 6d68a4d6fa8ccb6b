import { type HostTensor, int32 } from '@ar-distill/program';
import { checkCondition } from '../../model/condition';
import type { ConditionalScoreTeacher } from '../../model/conditional-score-teacher';
import { sequenceLength } from '../../model/sequence-layout';
import type { TokenSequences } from '../../model/token-sequences';
import type { TrainingEnvironment } from '../../optimization/training-loop';
import type { RealSequences } from '../../plugin/distillation-method';
import { TrainingInterruptedError } from '../../ports/interruption';

/** Name of the stage, and of the arrays that the run keeps. */
export const REAL_STAGE = 'real-sequences';
/** Milliseconds of encoding that are lost at most when a process is killed. */
const SAVE_INTERVAL = 60_000;

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
  const partFrom = (first: number): string => `${REAL_STAGE}-from-${first}`;
  while (done < count) {
    const part = (await run.loadArrays(partFrom(done)))?.['tokens'];
    if (!part) break;
    take(part);
  }
  let saved = done;
  let savedAt = performance.now();
  const save = async (): Promise<void> => {
    if (done === saved) return;
    const part = tokens.subarray(saved * n, done * n);
    await run.saveArrays(partFrom(saved), { tokens: int32([done - saved, n], part) });
    saved = done;
    savedAt = performance.now();
  };
  try {
    if (done < count) {
      await source.encode(done, async (batch) => {
        take(batch);
        progress.update({ stage: REAL_STAGE, done, total: count, metrics: {} });
        if (performance.now() - savedAt > SAVE_INTERVAL) await save();
      });
    }
  } catch (error) {
    await save();
    throw signal.aborted ? new TrainingInterruptedError(REAL_STAGE, done, count) : error;
  }
  await save();
  const condition = await source.condition();
  checkCondition(teacher.condition, condition, count);
  return { tokens: int32([count, n], tokens), condition };
}
