import type { FeatureNetworkProvider } from '@ar-distill/core';
import { compileOneStep } from '@ar-distill/core/sampling';
import type { QualityPoint } from '@ar-distill/evaluation/report';
import type { Rng } from '@ar-distill/program';
import type { ImageEvaluator } from '../evaluate/image-evaluator';
import { snapshotName } from '../runs/run-files';
import { drawFrom } from '../sample/draw-from';
import { curveSnapshots, savedSnapshots } from './curve-snapshots';
import { reportBatch, type ImageSubject } from './report-subject';

/** Points are measured with fewer images than the table. */
const SAMPLES = 5000;

/** Images of one point of the quality curve. */
export function curveSamples({ samples }: Pick<ImageSubject, 'samples'>): number {
  return Math.min(SAMPLES, samples);
}

/** The Fréchet distance of the averaged generator at points of its training. */
export async function qualityCurve(
  subject: ImageSubject,
  { frechetName }: Pick<FeatureNetworkProvider, 'frechetName'>,
  frechetDistance: NonNullable<ImageEvaluator['frechetDistance']>,
  rng: Rng,
): Promise<QualityPoint[]> {
  const { context, models, outcome, trainedIn, run, decoder } = subject;
  const { generator } = models;
  const batchSize = reportBatch(subject);
  const count = curveSamples(subject);
  const condition = models.teacher.condition.inTurn(0, count);
  const times = await run.readMetrics();
  const points: QualityPoint[] = [];
  for (const updates of curveSnapshots(await savedSnapshots(run), outcome.iteration)) {
    const record = times.find(
      ({ stage, iteration }) => stage === trainedIn && iteration === updates,
    );
    const seconds = record?.['seconds'];
    const weights = await run.loadArrays(snapshotName(updates));
    // A method may not record when it was there.
    if (!weights || typeof seconds !== 'number') continue;
    const { images } = await drawFrom(
      await compileOneStep({ generator, weights, batchSize }, context.compiler),
      decoder,
      { name: `${frechetName} at ${updates}`, condition, count, rng },
      context,
    );
    const distance = await frechetDistance(images);
    points.push({ updates, seconds, distance });
    run.logScalars('report', updates, { [frechetName]: distance });
  }
  return points;
}
