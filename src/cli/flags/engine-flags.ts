import { type Command, Option } from 'commander';
import { ENGINE_OPTIONS, type EngineOption } from '../../engine/engine.js';
import { formatBytes } from '../../memory/byte-size.js';
import { freeMemory } from '../../memory/free-memory.js';
import { machineMemory } from '../../memory/machine-memory.js';
import { DEFAULTS } from '../../options.js';
import { defaultThreads } from '../../pool/threads.js';
import { parseNumber } from '../arguments.js';
import { choice } from './option-kinds.js';

/** What a run uses of the machine. */
export interface EngineFlags {
  samples?: number;
  gradientBatch?: number;
  engine: EngineOption;
  threads?: number;
  memory?: string;
  workDir?: string;
  memoryLimit?: string;
}

export function addEngineFlags(command: Command): Command {
  return command
    .optionsGroup('Machine:')
    .addOption(
      choice(
        '--engine <name>',
        ENGINE_OPTIONS,
        DEFAULTS.engine,
        'auto: native where a binary loads, else javascript with a warning',
      ),
    )
    .addOption(
      new Option(
        '--threads <n>',
        `tasks that run at once; the result is the same for any (default: the processors available, here ${defaultThreads()})`,
      ).argParser(parseNumber),
    )
    .addOption(
      new Option(
        '--samples <n>',
        'gradient samples that must be there; another number is refused (default: those of --gradients)',
      ).argParser(parseNumber),
    )
    .addOption(
      new Option(
        '--gradient-batch <n>',
        'gradient samples that are read at a time (default: by size and memory)',
      ).argParser(parseNumber),
    )
    .addOption(
      new Option(
        '--memory <size>',
        `bytes, or such as 500MB or 2GiB, that the run may take beside about 100 MB of the program: a model that needs more is pruned a slab at a time (default: half of what is free, here ${formatBytes(freeMemory() / 2)})`,
      ).conflicts('memoryLimit'),
    )
    .option(
      '--work-dir <folder>',
      'where a run keeps what it has done: after a crash the same command goes on from there',
    )
    .option(
      '--memory-limit <size>',
      `bytes, or such as 500MB or 2GiB, that the run may take beside the model and about 100 MB of the program; a run that needs more is refused at once (default: what the machine or the container has, here ${formatBytes(machineMemory())})`,
    );
}
