export * from './catalogue';
export * from './dd1-layout';
export * from './llamagen-layout';
export type { OfficialTensor, StateDict } from './official-tensor';
export * from './var-layout';
export * from './write-torch';
