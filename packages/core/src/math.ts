export { type CsdOptions, csdLoss } from './losses/csd-loss';
export { fcsLoss } from './losses/fcs-loss';
export { gtsLoss } from './losses/gts-loss';
export { eulerSolve } from './sampling/euler-solver';
export { guideByRatio, guideByScale, rampedGuidanceRatios } from './score/guidance';
export { LOG_ZERO, denoisedFromProbabilities, logProbabilities } from './score/mixture';
export { nearestCodes, snapToCodes } from './score/nearest-codes';
export {
  MIN_TIMESTEP,
  denoisedToScore,
  denoisedToVelocity,
  interpolate,
  velocityToDenoised,
} from './score/rectified-flow';
export { truncatedLogProbs } from './score/truncation';
