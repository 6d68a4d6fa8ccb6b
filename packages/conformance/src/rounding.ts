/** Changes below this share of the largest value are rounding. */
export const ROUNDING = 1e-5;
