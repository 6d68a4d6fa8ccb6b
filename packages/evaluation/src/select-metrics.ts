import type { FeatureOutputs, Metric } from '@ar-distill/core';

/** What there is to compute metrics from. */
export interface MetricInputs {
  /** The feature network, loaded or not. */
  readonly network: { readonly name: string; readonly outputs: FeatureOutputs };
  /** Whether the classes of the images are known. */
  readonly labels: boolean;
  /** Whether there is a reference set in the network's features. */
  readonly reference: boolean;
}

/** Which metrics are computed. */
export interface MetricSelection {
  /** In the order in which they were named, or else offered. */
  readonly metrics: readonly Metric[];
  /** What was not named and cannot be computed, with a sentence that says why. */
  readonly leftOut: readonly { readonly metric: Metric; readonly reason: string }[];
}

/**
 * The metrics of the given names, or all of `available` whose needs are met when no names are given.
 * @throws Error when a name is unknown or what its metric needs is missing, or no metric is left.
 */
export function selectMetrics(
  names: readonly string[] | undefined,
  available: readonly Metric[],
  inputs: MetricInputs,
): MetricSelection {
  if (names) {
    const metrics = [...new Set(names)].map((name) => findMetric(name, available));
    for (const metric of metrics) {
      const reason = whatIsMissing(metric, inputs);
      if (reason) throw new Error(reason);
    }
    return { metrics, leftOut: [] };
  }
  const judged = available.map((metric) => ({ metric, reason: whatIsMissing(metric, inputs) }));
  const metrics = judged.flatMap(({ metric, reason }) => (reason ? [] : [metric]));
  if (metrics.length === 0) {
    throw new Error(
      `No metric can be computed with the feature network "${inputs.network.name}": ${
        judged[0]?.reason ?? 'there is none.'
      }`,
    );
  }
  return {
    metrics,
    leftOut: judged.flatMap(({ metric, reason }) => (reason ? [{ metric, reason }] : [])),
  };
}

function findMetric(name: string, available: readonly Metric[]): Metric {
  const metric = available.find((candidate) => candidate.name === name);
  if (metric) return metric;
  const known = available.map((candidate) => candidate.name).join(', ');
  throw new Error(`There is no metric "${name}": choose from ${known}.`);
}

/** A sentence that says which need of the metric is not met; undefined when all are. */
function whatIsMissing(
  metric: Metric,
  { network, labels, reference }: MetricInputs,
): string | undefined {
  for (const need of metric.needs) {
    if (need === 'labels') {
      if (!labels) return `The metric "${metric.name}" needs the class of every image.`;
    } else if (need === 'reference') {
      if (!reference) {
        return `The metric "${metric.name}" needs a reference set of real images in the features of "${network.name}".`;
      }
    } else if (network.outputs[need] === undefined) {
      return `The metric "${metric.name}" needs the output "${need}", which the feature network "${network.name}" does not have.`;
    }
  }
  return undefined;
}
