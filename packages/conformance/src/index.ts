export { checkBackbone } from './check-backbone';
export { checkPlugin, type PluginOptions } from './check-plugin';
export type { Listening } from './listening';
export type { ConformanceResult, ConformanceState } from './results';
export type { ConformanceOptions } from './subject';
