import { checkCondition, conditionRows } from '@ar-distill/core';
import type { HostTensors } from '@ar-distill/program';
import { equalValues, requireThat } from './assertions';
import type { Check } from './check';
import type { Subject } from './subject';

/** Rules of `ConditionSpace`. */
export const conditionChecks: readonly Check<Subject>[] = [
  {
    id: 'condition',
    name: 'condition: in turn and at random it has the form that it declares',
    run: ({ network: { condition }, rng, batchSize }) => {
      for (const first of [0, 3]) {
        checkCondition(condition, condition.inTurn(first, batchSize), batchSize);
        checkCondition(condition, condition.draw(rng, 'conformance', first, batchSize), batchSize);
      }
    },
  },
  {
    id: 'condition-batch',
    needs: ['condition'],
    name: 'condition: a sample has the same one in every batch',
    run: ({ network: { condition }, rng }) => {
      const whole = condition.inTurn(0, 3);
      requireThat(
        equalConditions(conditionRows(whole, [1, 2]), condition.inTurn(1, 2)),
        'inTurn gives a sample another condition in a batch that starts elsewhere.',
      );
      const drawn = condition.draw(rng, 'conformance', 0, 3);
      requireThat(
        equalConditions(conditionRows(drawn, [1, 2]), condition.draw(rng, 'conformance', 1, 2)),
        'draw gives a sample another condition in a batch that starts elsewhere.',
      );
    },
  },
];

/** Whether two host conditions hold the same values. */
function equalConditions(a: Readonly<HostTensors>, b: Readonly<HostTensors>): boolean {
  return Object.keys(a).every((name) => equalValues(a[name]!.data, b[name]!.data));
}
