import { type MeasuredModelName, writeRandomModel } from './random-models';

/** Usage: write-random-model.ts FOLDER NAME. A process of its own, which gives the weights' memory back. */
const [folder, name] = process.argv.slice(2);

writeRandomModel(folder!, name as MeasuredModelName).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
});
