import {
  type CompiledStep,
  type HostTensors,
  int32,
  type ProgramSignature,
  sliceIteration,
  type StateStore,
  type StepCompiler,
} from '@ar-distill/program';
import { checkCondition, conditionInputs } from '../model/condition';
import { type ArStepParts, START } from './ar-step-signatures';
import { CarriedState } from './carried-state';
import { drawPositions } from './draws';
import {
  type DrawnPositions,
  takePositions,
  watchSteps,
  type WatchedTeacher,
} from './watched-steps';

/** A compiler of these programs: an engine's, or one of what was exported. */
export interface CompilerOf<P extends ProgramSignature> extends Pick<StepCompiler, 'createStore'> {
  compile(program: P, store: StateStore): Promise<CompiledStep>;
}

/**
 * A teacher that draws AR step by AR step under the eyes of the caller, each from what the steps before it left.
 * @param programs one for all AR steps, or one for each: see `arStepPrograms`.
 */
export async function compileWatchedDecoding<P extends ProgramSignature>(
  parts: ArStepParts,
  programs: readonly P[],
  initialState: () => Readonly<HostTensors>,
  compiler: CompilerOf<P>,
): Promise<WatchedTeacher> {
  const { layout, condition: space, batchSize, draws, perStep = {} } = parts;
  const store = await compiler.createStore(initialState());
  const carried = new CarriedState(store, initialState);
  const steps: CompiledStep[] = [];
  for (const program of programs) steps.push(await compiler.compile(program, store));
  return {
    batchSize,
    async sample(condition, rng, firstSample, onStep) {
      checkCondition(space, condition, batchSize);
      const drawn = drawPositions(draws, layout, rng, firstSample, batchSize);
      return carried.use(() =>
        watchSteps(
          parts,
          firstSample,
          async (range) => {
            const own = Object.entries(drawn).map(
              ([name, values]) => [name, takePositions(values, range)] as const,
            );
            const results = await steps[steps.length === 1 ? 0 : range.index]!.run({
              ...Object.fromEntries(own),
              ...conditionInputs(condition),
              ...sliceIteration(perStep, range.index),
              [START]: int32([], Int32Array.of(range.start)),
            });
            return results as DrawnPositions & HostTensors;
          },
          onStep,
        ),
      );
    },
    async dispose() {
      for (const step of steps) await step.dispose();
      await store.dispose();
    },
  };
}
