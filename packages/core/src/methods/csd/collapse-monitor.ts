import type { ProgressReporter } from '../../ports/progress';

/** Share of the teacher's spread below which a generator counts as collapsed. */
const COLLAPSED = 0.25;
/** Updates in a row that it takes: single batches fluctuate. */
const PATIENCE = 20;

/** Says once, with the update's number, when generated sequences no longer differ from each other. */
export class CollapseMonitor {
  private below = 0;
  private reported = false;

  constructor(
    /** Spread of the teacher's sequences (see `poolSpread`). */
    private readonly teacherSpread: number,
    private readonly progress: ProgressReporter,
  ) {}

  /** `spread`: of the sequences that update number `iteration` generated. */
  observe(spread: number, iteration: number): void {
    this.below = spread < COLLAPSED * this.teacherSpread ? this.below + 1 : 0;
    if (this.below < PATIENCE || this.reported) return;
    this.reported = true;
    this.progress.message(
      `Warning: the generator has collapsed by update ${iteration}: its sequences spread ${spread.toPrecision(3)} ` +
        `where the teacher's spread ${this.teacherSpread.toPrecision(3)}. Lower the learning rates or raise guidanceUpdates.`,
    );
  }
}
