import {
  BINARY_CASES,
  COMPARISON_CASES,
  PREDICATE_CASES,
  SELECTION_CASES,
  UNARY_CASES,
} from './elementwise';
import { IMAGE_CASES } from './images';
import { REDUCTION_CASES } from './reductions';
import { STRUCTURAL_CASES } from './structural';

/** Cases of every kernel that compiles, by its tfjs name. */
export const KERNEL_CASES = {
  ...UNARY_CASES,
  ...PREDICATE_CASES,
  ...BINARY_CASES,
  ...COMPARISON_CASES,
  ...SELECTION_CASES,
  ...REDUCTION_CASES,
  ...STRUCTURAL_CASES,
  ...IMAGE_CASES,
};
