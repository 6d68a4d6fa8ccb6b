import { appendFileSync, mkdirSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { whileWriting } from './system-errors';
import { formatEvent } from './tensorboard-event';

/**
 * The scalars of a run for TensorBoard: a folder per stage, whose steps count from 1, with an event file per
 * process that trained it. A file of a process that went on says from which step on the ones before it
 * count no more, so that nothing is shown twice.
 */
export class TensorBoardLog {
  /** The files of this process, by stage. */
  private readonly files = new Map<string, string>();

  constructor(private readonly folder: string) {}

  /** Appends the values of a step, by their tags. @throws Error naming the file when the system refuses. */
  append(stage: string, step: number, values: Readonly<Record<string, number>>): void {
    const file = this.files.get(stage);
    const seconds = Date.now() / 1000;
    const scalars = formatEvent({ kind: 'scalars', step, values }, seconds);
    if (file !== undefined) return write(file, scalars);
    const made = this.newFile(stage, seconds);
    const version = formatEvent({ kind: 'version' }, seconds);
    const start = formatEvent({ kind: 'start', step }, seconds);
    write(made, Buffer.concat([version, start, scalars]));
    this.files.set(stage, made);
  }

  /** What comes next is by a run that went back: its steps replace those that are there. */
  restart(): void {
    this.files.clear();
  }

  /** TensorBoard reads files in the order of their names. */
  private newFile(stage: string, seconds: number): string {
    const folder = path.join(this.folder, stage.replaceAll(/[^\w-]+/g, '-'));
    refusing(folder, () => mkdirSync(folder, { recursive: true }));
    const number = String(readdirSync(folder).length).padStart(5, '0');
    return path.join(folder, `events.out.tfevents.${Math.floor(seconds)}.${number}`);
  }
}

function write(file: string, bytes: Uint8Array): void {
  refusing(file, () => appendFileSync(file, bytes));
}

function refusing(file: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    throw whileWriting(file, error);
  }
}
