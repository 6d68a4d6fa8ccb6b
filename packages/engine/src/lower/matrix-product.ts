import type { LoweringContext } from './lowering';

/** Which operands are transposed in their last two axes first: 1 for yes. */
export interface Transposed {
  readonly transA?: number;
  readonly transB?: number;
}

/** A product of matrices. ONNX Runtime transposes operands on the way; standard operators do it before. */
export function matrixProduct(
  { emit, standardOperators }: LoweringContext,
  operands: readonly [string, string],
  ranks: readonly [number, number],
  transposed: Transposed,
): string {
  const { transA = 0, transB = 0 } = transposed;
  if (!transA && !transB) return emit.node('MatMul', operands);
  if (!standardOperators) {
    return emit.node('FusedMatMul', operands, { ...transposed }, 'com.microsoft');
  }
  const swapped = [transA, transB].map((swap, i) =>
    swap ? emit.node('Transpose', [operands[i]!], { perm: swapLast(ranks[i]!) }) : operands[i]!,
  );
  return emit.node('MatMul', swapped);
}

function swapLast(rank: number): number[] {
  return [...Array.from({ length: rank - 2 }, (_, axis) => axis), rank - 1, rank - 2];
}
