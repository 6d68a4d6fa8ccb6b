import type { ProgressUpdate } from '@ar-distill/core';
import type { AdaptationFigures } from './adapt/describe-adaptation';
import type { ImportedNetwork } from './import/describe-networks';

/** How far a study is. */
export interface StudyOverview {
  readonly cells: number;
  /** Different runs of them, and how many of these have ended. */
  readonly runs: number;
  readonly finished: number;
  /** Seconds of what is left, by the mean of what has ended; undefined before the first. */
  readonly secondsLeft: number | undefined;
}

/** What a workflow tells while it runs; results are what it returns. */
export type WorkflowEvent =
  /** A step of long work is done. */
  | ({ readonly kind: 'progress' } & ProgressUpdate)
  /** A sentence for people: a stage's end, a warning. */
  | { readonly kind: 'message'; readonly text: string }
  /**
   * Everything that can be checked is; what follows is the work. A signal that is aborted now ends it
   * before anything is written.
   */
  | {
      readonly kind: 'ready';
      /** Files and folders that will be written, "NNNNN" in place of a number that is not known yet. */
      readonly writes: readonly string[];
      /** What a new run will hold. */
      readonly config?: unknown;
    }
  /** The run directory that everything goes to, and the command that resumes it. */
  | { readonly kind: 'run'; readonly path: string; readonly command: string }
  /** Everything is trained and saved; what follows is measured, and done again when it is stopped. */
  | { readonly kind: 'trained' }
  /** The generator that draws, the preset that it ships with, and the method that made it. */
  | {
      readonly kind: 'generator';
      readonly file: string;
      readonly preset?: string;
      readonly method?: string;
    }
  /** The teacher that draws, all or some AR steps, and the preset that it ships with. */
  | { readonly kind: 'teacher'; readonly file: string; readonly preset?: string }
  /** A teacher that reads tokens has been adapted to code vectors. */
  | ({ readonly kind: 'adapted' } & AdaptationFigures)
  /** What a study comes to, before anything of it is run. */
  | ({ readonly kind: 'study' } & StudyOverview)
  /** A run of a study begins; `number` from 1 among the `total` that are left. */
  | {
      readonly kind: 'study-run';
      readonly run: string;
      readonly number: number;
      readonly total: number;
      /** Seconds that this and all others will take; known once one has ended. */
      readonly secondsLeft?: number | undefined;
    }
  /** What checkpoints hold, before it is written. */
  | { readonly kind: 'recognized'; readonly networks: readonly ImportedNetwork[] };

/** How a program follows a workflow and stops it. */
export interface WorkflowOptions {
  /** Aborted: the running step is finished, what training needs is saved, and the workflow throws. */
  readonly signal?: AbortSignal | undefined;
  onEvent?(event: WorkflowEvent): void;
}
