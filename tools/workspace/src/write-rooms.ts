import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root';
import { withRoomsTable } from './rooms-table';

// `npm run rooms`: brings the table in CONTRIBUTING.md up to tools/workspace/rooms.json.
const page = join(ROOT, 'CONTRIBUTING.md');
writeFileSync(page, withRoomsTable(readFileSync(page, 'utf8')));
