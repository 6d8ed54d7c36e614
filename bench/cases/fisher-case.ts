import { type Measured, measure } from '../contender.js';
import { batchBytes, stateBytes } from '../flops.js';
import { type ReferenceBlock, referenceBlocks } from '../reference.js';
import { rivalOf } from '../rivals/index.js';
import { woodfisher } from '../woodfisher.js';
import { shrink, sizeText, type Workload } from '../workload.js';
import { type BenchCase, type CaseOptions, OWN } from './case.js';

/** What one case of building a Fisher and its D differs in from another. */
export interface FisherCase {
  name: string;
  /** What is done; the sizes are added. */
  what: string;
  workload: Workload;
  /** The size for `quick`. */
  quick: Partial<Workload>;
  /** What is timed: taking the samples in, making D of them, or both. */
  about: 'sum' | 'invert' | 'both';
  flops(workload: Workload): number;
  bytes(workload: Workload): number;
  /** How many blocks each rival gets, where all of them would take minutes. */
  rivals?: Readonly<Record<string, { blocks: number; quickBlocks: number }>>;
}

/** A case that builds a Fisher and D = diag(F⁻¹) from samples with the public API. */
export function fisherCase(settings: FisherCase): BenchCase<ReferenceBlock[]> {
  const { name, what, about, rivals = {} } = settings;
  const sizeOf = ({ quick }: CaseOptions): Workload => ({
    ...settings.workload,
    ...(quick && settings.quick),
  });
  const secondsOf = ({ sum, invert }: Measured): number =>
    about === 'sum' ? sum : about === 'invert' ? invert : sum + invert;

  return {
    name,
    title: (options) => `${what}, ${sizeText(sizeOf(options))}`,
    rivals: Object.keys(rivals),
    work(options) {
      const workload = sizeOf(options);
      const solver = workload.solver === 'dual' ? 'dual' : 'gram';
      return {
        flops: settings.flops(workload),
        bytes: settings.bytes(workload),
        residentBytes: stateBytes(workload, solver) + 2 * batchBytes(workload),
      };
    },
    prepare: async (options) => referenceBlocks(sizeOf(options)),
    unavailable: async (rival) => await (await rivalOf(rival)).unavailable?.(),
    async measure(contender, reference, options) {
      const workload = sizeOf(options);
      const kind = contender === OWN ? woodfisher(OWN) : await rivalOf(contender);
      const { blocks, quickBlocks } = rivals[contender] ?? {};
      const limit = (options.quick ? quickBlocks : blocks) ?? Number.POSITIVE_INFINITY;
      const own = shrink(workload, limit * workload.blockSize);
      const scale = workload.weights / own.weights;
      const measured = await measure(kind, own, { runs: options.runs, reference });
      return {
        seconds: secondsOf(measured) * scale,
        total: (measured.sum + measured.invert) * scale,
        runs: measured.runs,
        error: measured.error,
        threads: measured.threads,
        library: measured.library,
        ...(scale > 1 && { scaledFrom: own.weights }),
        values: { sumSeconds: measured.sum * scale, invertSeconds: measured.invert * scale },
      };
    },
  };
}
