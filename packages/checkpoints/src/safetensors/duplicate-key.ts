/**
 * The first key that some object of a valid JSON text has twice. `JSON.parse` keeps the last one
 * silently, so that two readers could see different tensors in one file.
 */
export function duplicateKey(json: string): string | undefined {
  const objects: Set<string>[] = [];
  let position = 0;
  while (position < json.length) {
    const character = json[position];
    if (character === '{') objects.push(new Set());
    else if (character === '}') objects.pop();
    else if (character === '"') {
      const end = stringEnd(json, position);
      if (isKey(json, end)) {
        const key: string = JSON.parse(json.slice(position, end));
        const keys = objects.at(-1);
        if (keys?.has(key)) return key;
        keys?.add(key);
      }
      position = end;
      continue;
    }
    position++;
  }
  return undefined;
}

/** Position after the closing quote of the string that opens at `start`. */
function stringEnd(json: string, start: number): number {
  let position = start + 1;
  while (json[position] !== '"') position += json[position] === '\\' ? 2 : 1;
  return position + 1;
}

function isKey(json: string, end: number): boolean {
  let position = end;
  // White space of JSON, the only characters so low outside of its texts; there may be millions of them.
  while (json.charCodeAt(position) <= 0x20) position++;
  return json[position] === ':';
}
