/** How the elements of a tensor come about. */
export type Values =
  | { readonly kind: 'normal'; readonly std: number }
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'constant'; readonly value: number }
  /** Scale index of every token, VAR's `lvl_1L`. */
  | { readonly kind: 'levels'; readonly patchNums: readonly number[] }
  /** 0 where a token may look, −∞ elsewhere: VAR's block-causal `attn_bias_for_masking`. */
  | { readonly kind: 'mask'; readonly patchNums: readonly number[] }
  /** As `mask`, but of its own scale a token sees itself alone: Distilled Decoding 1. */
  | { readonly kind: 'strict mask'; readonly patchNums: readonly number[] };

/** One entry of an official state dict. */
export interface OfficialTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Values;
  /** Set where the type does not follow the file's. */
  readonly type?: 'I64';
}

/** A state dict in the order in which PyTorch lists it. */
export type StateDict = readonly OfficialTensor[];

export const constant = (value: number): Values => ({ kind: 'constant', value });
export const normal = (std: number): Values => ({ kind: 'normal', std });

/** The entries with their names below `prefix`. */
export function under(prefix: string, entries: StateDict): OfficialTensor[] {
  return entries.map((entry) => ({ ...entry, name: `${prefix}.${entry.name}` }));
}

/** Weight [outputs, inputs] and, unless `bias` is left out, a zero bias [outputs] of `nn.Linear`. */
export function linear(
  inputs: number,
  outputs: number,
  std: number,
  bias?: 'no bias',
): OfficialTensor[] {
  const weight = { name: 'weight', shape: [outputs, inputs], values: normal(std) };
  return bias ? [weight] : [weight, { name: 'bias', shape: [outputs], values: constant(0) }];
}

/** `nn.Conv2d` with PyTorch's own initial weights: uniform within ±1/√(inputs · kernel²). */
export function convolution(inputs: number, outputs: number, kernel: number): OfficialTensor[] {
  const values: Values = { kind: 'uniform', bound: 1 / Math.sqrt(inputs * kernel * kernel) };
  return [
    { name: 'weight', shape: [outputs, inputs, kernel, kernel], values },
    { name: 'bias', shape: [outputs], values },
  ];
}

/** `nn.GroupNorm`: weight 1, bias 0. */
export function groupNorm(channels: number): OfficialTensor[] {
  return [
    { name: 'weight', shape: [channels], values: constant(1) },
    { name: 'bias', shape: [channels], values: constant(0) },
  ];
}

/** The residual block that both tokenizers share, with a 1×1 shortcut where the width changes. */
export function residualBlock(
  inputs: number,
  outputs: number,
  first: readonly [norm: string, conv: string],
  second: readonly [norm: string, conv: string],
): OfficialTensor[] {
  return [
    ...under(first[0], groupNorm(inputs)),
    ...under(first[1], convolution(inputs, outputs, 3)),
    ...under(second[0], groupNorm(outputs)),
    ...under(second[1], convolution(outputs, outputs, 3)),
    ...(inputs === outputs ? [] : under('nin_shortcut', convolution(inputs, outputs, 1))),
  ];
}
