// The command line in a process of its own, which prints the most memory that it has had, in bytes.
process.on('exit', () => {
  process.stderr.write(`peak ${process.resourceUsage().maxRSS * 1024}\n`);
});
await import('../../src/cli/main.js');
