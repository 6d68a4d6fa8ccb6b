export { checkBackbone } from './check-backbone';
export { checkPlugin } from './check-plugin';
export type { ConformanceResult } from './results';
export type { ConformanceOptions } from './subject';
