export { findPython, type Python } from './find-python';
export { distillationMemory, type DistillationMemory } from './memory/distillation-memory';
export { writeMediumModel, type ModelFiles } from './memory/medium-model';
