#!/usr/bin/env node
import { createProgram } from './program.js';
import { parseCommandLine } from './usage.js';

await parseCommandLine(createProgram(), process.argv);
