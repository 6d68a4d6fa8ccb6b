import type { Metric } from '@ar-distill/core';
import { BUILT_IN_METRICS } from './metrics/built-in-metrics';
import { type MetricInputs, selectMetrics } from './select-metrics';

const COMPLETE: MetricInputs = {
  network: { name: 'net', outputs: { pool: 4, logits: 3 } },
  labels: true,
  reference: true,
};
const POOL_ONLY = { ...COMPLETE, network: { name: 'net', outputs: { pool: 4 } } };

const PATH_LENGTH: Metric = {
  ...BUILT_IN_METRICS[0]!,
  name: 'path-length',
  needs: ['layers'],
};

const namesOf = (metrics: readonly Metric[]) => metrics.map(({ name }) => name);

describe('selectMetrics', () => {
  it('takes all whose needs are met, and says why it leaves out the others', () => {
    expect(selectMetrics(undefined, BUILT_IN_METRICS, COMPLETE)).toEqual({
      metrics: BUILT_IN_METRICS,
      leftOut: [],
    });
    const unconditional = selectMetrics(undefined, [...BUILT_IN_METRICS, PATH_LENGTH], {
      ...COMPLETE,
      labels: false,
    });
    expect(namesOf(unconditional.metrics)).toEqual([
      'frechet-distance',
      'precision',
      'recall',
      'inception-score',
    ]);
    expect(unconditional.leftOut.map(({ metric, reason }) => [metric.name, reason])).toEqual([
      ['class-accuracy', 'The metric "class-accuracy" needs the class of every image.'],
      ['diversity', 'The metric "diversity" needs the class of every image.'],
      [
        'path-length',
        'The metric "path-length" needs the output "layers", which the feature network "net" does not have.',
      ],
    ]);
  });

  it('takes those that are named, each once, in that order', () => {
    const { metrics } = selectMetrics(['recall', 'precision', 'recall'], BUILT_IN_METRICS, {
      ...COMPLETE,
      labels: false,
    });
    expect(namesOf(metrics)).toEqual(['recall', 'precision']);
  });

  it('refuses a name that there is not', () => {
    expect(() => selectMetrics(['fid'], BUILT_IN_METRICS, COMPLETE)).toThrow(
      'There is no metric "fid": choose from frechet-distance, class-accuracy, precision, recall, diversity, inception-score.',
    );
  });

  it.each<[string, MetricInputs, string]>([
    ['class-accuracy', POOL_ONLY, 'needs the output "logits", which the feature network "net"'],
    ['class-accuracy', { ...COMPLETE, labels: false }, 'needs the class of every image.'],
    ['diversity', { ...COMPLETE, reference: false }, 'needs a reference set of real images'],
  ])('refuses %s by name where a need is not met', (name, inputs, reason) => {
    expect(() => selectMetrics([name], BUILT_IN_METRICS, inputs)).toThrow(
      `The metric "${name}" ${reason}`,
    );
  });

  it('refuses to measure nothing', () => {
    const inputs = { ...POOL_ONLY, reference: false };
    expect(() => selectMetrics(undefined, BUILT_IN_METRICS, inputs)).toThrow(
      'No metric can be computed with the feature network "net": The metric "frechet-distance" needs',
    );
  });
});
