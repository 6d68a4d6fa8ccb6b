import { tarballComplaints } from './complaints';

/** `main.ts TARBALL…`: prints what is to be said against packed packages; exits with 1 after complaints. */
async function main(files: readonly string[]): Promise<number> {
  if (files.length === 0) {
    console.error('Name packages that npm pack made, for example: main.ts ar-distill-0.1.0.tgz.');
    return 2;
  }
  let count = 0;
  for (const file of files) {
    const complaints = await tarballComplaints(file);
    for (const complaint of complaints) console.error(complaint);
    count += complaints.length;
  }
  console.log(`${files.length} packages, ${count} complaints`);
  return count === 0 ? 0 : 1;
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
});
