/** A fault in a proxy, from its injection until it is healed. */
export interface Injected {
  /** How many times it has harmed something: a test that expects a fault checks this. */
  readonly fired: number;
  /** Ends the fault; what it held back continues. Repeating it is harmless. */
  heal(): void;
}

/** The proxy's side of a fault: counts, and lets what is held back wait for the end. */
export class Injection<F> implements Injected {
  readonly fault: F;
  readonly healed: Promise<void>;
  fired = 0;
  readonly #times: number;
  #end: () => void = () => {};
  #isHealed = false;

  /** @param times after so many times the fault harms nothing more */
  constructor(fault: F, times = Number.POSITIVE_INFINITY) {
    this.fault = fault;
    this.#times = times;
    this.healed = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get isActive(): boolean {
    return !this.#isHealed && this.fired < this.#times;
  }

  heal(): void {
    this.#isHealed = true;
    this.#end();
  }
}
