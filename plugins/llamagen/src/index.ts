export { llamagenArchitectureSchema, type LlamagenArchitecture } from './architecture';
export { LlamagenTeacher } from './teacher';
export { LlamagenTokenizer } from './tokenizer/tokenizer';
export { rotaryFrequencies } from './transformer/rotary-table';
