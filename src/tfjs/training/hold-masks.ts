import type * as tfTypes from '@tensorflow/tfjs';
import { type LayerVariable, namedVariables } from '../names.js';
import type { LayersModel, Tensor, TensorFlow } from '../tensorflow.js';

type Optimizer = LayersModel['optimizer'];
type Gradients = Parameters<Optimizer['applyGradients']>[0];

/** A weight of the optimizer's own, such as a momentum: one for each variable, in their order. */
interface Slot {
  originalName: string;
  variable: tfTypes.Variable;
}

/**
 * Keeps pruned weights at 0 through every step of an optimizer, whoever calls it: `fit`,
 * `fitDataset`, `minimize` or `applyGradients`.
 *
 * Gradients of pruned weights are set to 0 before the step, weight decay and regularizers
 * included; what the optimizer has gathered for them is set to 0 before the first step with new
 * masks; and the weights are multiplied by the mask afterwards.
 */
export class HeldMasks {
  readonly #tf: TensorFlow;
  readonly #model: LayersModel;
  readonly #optimizer: Optimizer;
  /** By the name of the variable. */
  #masks = new Map<string, { variable: LayerVariable; mask: Tensor }>();
  /** Whether masks have changed since the last step. */
  #changed = false;

  /** @param onStep Called after each step of the optimizer. */
  constructor(tf: TensorFlow, model: LayersModel, onStep: () => void) {
    this.#tf = tf;
    this.#model = model;
    this.#optimizer = model.optimizer;
    const apply = this.#optimizer.applyGradients.bind(this.#optimizer);
    this.#optimizer.applyGradients = (gradients) => {
      tf.tidy(() => {
        if (this.#changed) this.#maskSlots(namesOf(gradients));
        this.#changed = false;
        apply(this.#masked(gradients));
        this.#maskWeights();
      });
      onStep();
    };
  }

  /** Holds other masks from now on, by parameter; the weights are 0 already. */
  set(masks: Readonly<Record<string, Uint8Array>>): void {
    this.#disposeMasks();
    const variables = namedVariables(this.#model);
    for (const [name, mask] of Object.entries(masks)) {
      const variable = variables.get(name)?.variable;
      if (variable === undefined) continue;
      const values = this.#tf.tensor(Float32Array.from(mask), variable.shape as number[]);
      this.#masks.set(nameOf(variable), { variable, mask: this.#tf.keep(values) });
    }
    this.#changed = true;
  }

  /** Gives the optimizer back as it was. */
  release(): void {
    this.#disposeMasks();
    // The method of its class shows again.
    delete (this.#optimizer as Partial<Optimizer>).applyGradients;
  }

  #disposeMasks(): void {
    for (const { mask } of this.#masks.values()) mask.dispose();
    this.#masks = new Map();
  }

  #masked(gradients: Gradients): Gradients {
    const masked = (name: string, tensor: Tensor): Tensor => {
      const { mask } = this.#masks.get(name) ?? {};
      // A variable that the loss does not depend on has no gradient, whatever the types say.
      return mask === undefined || !tensor ? tensor : this.#tf.mul(tensor, mask);
    };
    if (Array.isArray(gradients)) {
      return gradients.map(({ name, tensor }) => ({ name, tensor: masked(name, tensor) }));
    }
    return Object.fromEntries(
      Object.entries(gradients).map(([name, tensor]) => [name, masked(name, tensor)]),
    );
  }

  #maskWeights(): void {
    for (const { variable, mask } of this.#masks.values()) {
      variable.write(this.#tf.mul(variable.read(), mask));
    }
  }

  #maskSlots(names: readonly string[]): void {
    for (const slots of slotsOf(this.#optimizer)) {
      names.forEach((name, i) => {
        const { mask } = this.#masks.get(name) ?? {};
        const variable = slots[i]?.variable;
        if (mask === undefined || `${variable?.shape}` !== `${mask.shape}`) return;
        variable.assign(this.#tf.mul(variable, mask));
      });
    }
  }
}

/** The name that gradients go by; what `read` gives is a variable. */
function nameOf(variable: LayerVariable): string {
  return (variable.read() as tfTypes.Variable).name;
}

function namesOf(gradients: Gradients): string[] {
  return Array.isArray(gradients) ? gradients.map(({ name }) => name) : Object.keys(gradients);
}

/** The lists of slots of an optimizer; each class has them under names of its own. */
function slotsOf(optimizer: Optimizer): Slot[][] {
  return Object.values(optimizer).filter(
    (value): value is Slot[] => Array.isArray(value) && value.every(isSlot),
  );
}

function isSlot(value: unknown): value is Slot {
  return (
    typeof value === 'object' && value !== null && 'originalName' in value && 'variable' in value
  );
}
