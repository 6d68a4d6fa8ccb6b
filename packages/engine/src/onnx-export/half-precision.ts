import { float32ToFloat16 } from '@ar-distill/program';
import {
  ELEMENT_TYPE,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxNode,
  type OnnxTensor,
} from '../onnx/model';
import { float32Values } from './values';

/** The largest float16, which stands for what is larger: masks of attention are. */
const LARGEST = 65504;

/** The same graph with weights and arithmetic in float16; inputs and outputs stay float32. */
export function halfPrecision(graph: OnnxGraph): OnnxGraph {
  const isFloat = ({ type }: { readonly type: string }): boolean => type === 'float32';
  const inputs = graph.inputs.filter(isFloat).map(({ name }) => name);
  const outputs = graph.outputs.filter(isFloat).map(({ name }) => name);
  const ends = new Set([...inputs, ...outputs]);
  const inner = (name: string): string => (ends.has(name) ? `${name}/float16` : name);
  return {
    ...graph,
    initializers: graph.initializers.map((tensor) => (isFloat(tensor) ? inHalf(tensor) : tensor)),
    nodes: [
      ...inputs.map((name) => cast(name, inner(name), 'float16')),
      ...graph.nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map(inner),
        outputs: node.outputs.map(inner),
        attributes: isCastToFloat(node) ? { to: elementType('float16') } : node.attributes,
      })),
      ...outputs.map((name) => cast(inner(name), name, 'float32')),
    ],
  };
}

function inHalf(tensor: OnnxTensor): OnnxTensor {
  const values = float32Values(tensor).map((value) => Math.min(LARGEST, Math.max(-LARGEST, value)));
  return { ...tensor, type: 'float16', bytes: new Uint8Array(float32ToFloat16(values).buffer) };
}

function isCastToFloat({ op, attributes: { to } }: OnnxNode): boolean {
  return op === 'Cast' && to?.kind === 'int' && to.value === ELEMENT_TYPE.float32;
}

function cast(from: string, to: string, type: 'float16' | 'float32'): OnnxNode {
  return {
    op: 'Cast',
    domain: '',
    inputs: [from],
    outputs: [to],
    attributes: { to: elementType(type) },
  };
}

function elementType(type: 'float16' | 'float32'): OnnxAttribute {
  return { kind: 'int', value: ELEMENT_TYPE[type] };
}
