import { checkCondition, conditionRows } from '@ar-distill/core';
import type { HostTensors } from '@ar-distill/program';
import { equalValues, requireThat } from './assertions';
import type { Check } from './check';
import type { Subject } from './subject';

/** Samples whose conditions in turn are looked at. */
const SEEN = Array.from({ length: 64 }, (_, sample) => sample);

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
  {
    id: 'condition-nothing',
    needs: ['condition'],
    name: 'condition: what stands for nothing is none of the conditions',
    run: ({ network: { condition } }) => {
      for (const [name, { nothing }] of Object.entries(condition.values)) {
        if (nothing === undefined) continue;
        const rows = SEEN.map((sample) => condition.inTurn(sample, 1)[name]!.data);
        const taken = rows.findIndex((row) => Array.from(row).every((value) => value === nothing));
        requireThat(
          taken < 0,
          `"${name}" is ${nothing} where it is not given, and for sample ${taken}, too.`,
        );
      }
    },
  },
  {
    id: 'condition-draw',
    needs: ['condition-batch'],
    name: 'condition: it is drawn with the random numbers that are given',
    run: ({ network: { condition }, rng }) => {
      const inTurn = condition.inTurn(0, SEEN.length);
      if (
        SEEN.every((row) => equalConditions(conditionRows(inTurn, [row]), condition.inTurn(0, 1)))
      ) {
        return;
      }
      const [first, second] = ['conformance/first', 'conformance/second'].map((stream) =>
        condition.draw(rng, stream, 0, SEEN.length),
      );
      requireThat(
        !equalConditions(first!, second!),
        'draw gives the same conditions whatever the random numbers are.',
      );
    },
  },
];

/** Whether two host conditions hold the same values. */
function equalConditions(a: Readonly<HostTensors>, b: Readonly<HostTensors>): boolean {
  return Object.keys(a).every((name) => equalValues(a[name]!.data, b[name]!.data));
}
