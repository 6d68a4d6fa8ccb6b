import { restoreOldPredicates } from './old-predicates';

/** What tfjs-node's scripts call, on a `node:util` that lacks both or warns. */
function predicates(target: object): Record<string, (value: unknown) => boolean> {
  restoreOldPredicates(target);
  return { ...target } as Record<string, (value: unknown) => boolean>;
}

it.each([
  ['lacks them', {}],
  [
    'warns of them',
    {
      isArray: () => process.emitWarning('deprecated'),
      isNullOrUndefined: () => process.emitWarning('deprecated'),
    },
  ],
])('gives predicates to a Node that %s', (_, target) => {
  const { isArray, isNullOrUndefined } = predicates(target);
  const values = [null, undefined, 0, '', false, NaN, [], {}];
  expect(values.map((value) => isNullOrUndefined!(value))).toEqual([
    ...[true, true],
    ...new Array<boolean>(6).fill(false),
  ]);
  expect(values.map((value) => isArray!(value))).toEqual([
    ...new Array<boolean>(6).fill(false),
    ...[true, false],
  ]);
});
