/** A protobuf field of bytes, shorter than 128. */
function field(number: number, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([Buffer.of((number << 3) | 2, bytes.length), bytes]);
}

/** An ONNX model without a graph; what it says of itself is field 14, as onnx.proto has it. */
export function modelSaying(texts: Readonly<Record<string, string>>): Uint8Array {
  const version = Buffer.of(1 << 3, 10);
  const entries = Object.entries(texts).map(([key, value]) =>
    field(14, Buffer.concat([field(1, key), field(2, value)])),
  );
  return Buffer.concat([version, field(7, 'a graph'), ...entries]);
}

/** What an exported model of ten classes says. */
export const EXPORTED = {
  preset: 'some:preset',
  'input:noise': 'float32 [batch, 4, 2]',
  'input:labels': 'int32 [batch]',
  'output:images': 'float32 [batch, 8, 8, 1]',
  num_classes: '10',
};
