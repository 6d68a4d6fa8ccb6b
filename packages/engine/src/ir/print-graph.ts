import { numberKey } from './attributes';
import type { Attribute, Graph, Value } from './types';

/**
 * The graph as text, one node a line: for reading, for snapshot tests, and to find updates that are
 * alike. It shows everything but what is in constants.
 */
export function printGraph(graph: Graph): string {
  const names = new Map<number, string>();
  const lines: string[] = [`graph ${graph.name}`];
  const type = ({ shape, dtype }: Value): string => `${dtype}[${shape.join(', ')}]`;
  for (const [kind, values] of [
    ['state', graph.state],
    ['input', graph.inputs],
  ] as const) {
    for (const [key, value] of Object.entries(values)) {
      names.set(value.id, `${kind}/${key}`);
      lines.push(`  ${kind}/${key}: ${type(value)}`);
    }
  }
  let next = 0;
  const refer = (value: Value): string => {
    const { origin } = value;
    if (origin.kind === 'splat') return `${numberKey(origin.value)}:${type(value)}`;
    let name = names.get(value.id);
    if (name === undefined) {
      // Only constants are met before they are defined: nodes come in order.
      name = `c${next++}`;
      names.set(value.id, name);
      lines.push(`  ${name} = constant ${type(value)}`);
    }
    return name;
  };
  for (const { kernel, inputs, attributes, outputs } of graph.nodes) {
    const operands = Object.entries(inputs).map(([key, value]) => `${key}=${refer(value)}`);
    const settings = Object.entries(attributes)
      .filter(([, value]) => value !== undefined && value !== null)
      .map(([key, value]) => `${key}=${printAttribute(value)}`);
    const results = outputs.map((value) => {
      const name = `v${next++}`;
      names.set(value.id, name);
      return `${name}: ${type(value)}`;
    });
    lines.push(`  ${results.join(', ')} = ${kernel}(${[...operands, ...settings].join(', ')})`);
  }
  for (const [kind, values] of [
    ['next', graph.nextState],
    ['output', graph.outputs],
  ] as const) {
    for (const [key, value] of Object.entries(values)) {
      lines.push(`  ${kind}/${key} = ${refer(value)}`);
    }
  }
  return lines.join('\n');
}

function printAttribute(value: Attribute): string {
  if (Array.isArray(value)) return `[${value.map(printAttribute).join(', ')}]`;
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'number' ? numberKey(value) : String(value);
}
