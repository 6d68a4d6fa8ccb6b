import { firstNonFinite } from '@ar-distill/core/sampling';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { FeatureStatistics } from './feature-statistics';

/**
 * Fréchet distance of two Gaussians (Heusel et al. 2017, arXiv 1706.08500):
 * |μ₁ − μ₂|² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁^½ Σ₂ Σ₁^½)^½.
 * The symmetric form needs no square root of a product that is not symmetric, so covariances
 * without full rank are no trouble. Never negative.
 * @throws RangeError when the dimensions differ or a statistic is not finite.
 */
export function frechetDistance(a: FeatureStatistics, b: FeatureStatistics): number {
  if (a.dimension !== b.dimension) {
    throw new RangeError(
      `Statistics of ${a.dimension} and of ${b.dimension} features cannot be compared.`,
    );
  }
  for (const { mean, covariance } of [a, b]) {
    for (const [name, values] of Object.entries({ mean, covariance })) {
      const index = firstNonFinite(values);
      if (index < 0) continue;
      throw new RangeError(
        `Element ${index} of a ${name} is ${values[index]}: only finite statistics can be compared.`,
      );
    }
  }
  let distance = 0;
  for (let i = 0; i < a.dimension; i++) {
    const diagonal = i * a.dimension + i;
    distance += (a.mean[i]! - b.mean[i]!) ** 2 + a.covariance[diagonal]! + b.covariance[diagonal]!;
  }
  const root = squareRoot(symmetricMatrix(a));
  const product = root.mmul(symmetricMatrix(b)).mmul(root);
  const symmetric = Matrix.add(product, product.transpose()).mul(0.5);
  for (const eigenvalue of decompose(symmetric).realEigenvalues) {
    distance -= 2 * Math.sqrt(Math.max(0, eigenvalue));
  }
  return Math.max(0, distance);
}

function symmetricMatrix({ covariance, dimension }: FeatureStatistics): Matrix {
  return Matrix.from1DArray(dimension, dimension, Array.from(covariance));
}

/** Square root of a positive semi-definite matrix; eigenvalues that round below 0 count as 0. */
function squareRoot(matrix: Matrix): Matrix {
  const { eigenvectorMatrix, realEigenvalues } = decompose(matrix);
  const roots = Matrix.diag(realEigenvalues.map((value) => Math.sqrt(Math.max(0, value))));
  return eigenvectorMatrix.mmul(roots).mmul(eigenvectorMatrix.transpose());
}

function decompose(matrix: Matrix): EigenvalueDecomposition {
  return new EigenvalueDecomposition(matrix, { assumeSymmetric: true });
}
