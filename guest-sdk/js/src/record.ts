import { Failure, ParameterError, type FailureKind } from "./failure.js";
import { names } from "./schema.js";

interface Named {
  readonly name: string;
}

/** Whose properties a record has. */
const OWNER = Symbol("owner");

/**
 * Makes objects whose properties are made when they are asked for. Asking for one that is not there is an error that says which
 * there are; copies by `{ ...record }` have them all.
 */
export class Records<O> {
  /** Written before each record is made, which is cheaper than to define a property later. */
  readonly #owner: PropertyDescriptor = { value: undefined };
  readonly #descriptors: PropertyDescriptorMap = { [OWNER]: this.#owner };
  readonly #prototype: object;
  readonly #names: readonly string[];

  constructor(things: readonly Named[], make: (owner: O, place: number) => unknown, what: string, blame: FailureKind = "internal") {
    this.#names = things.map(({ name }) => name);
    things.forEach(({ name }, place) => {
      this.#descriptors[name] = {
        enumerable: true,
        get(this: { [OWNER]: O }) {
          return make(this[OWNER], place);
        },
      };
    });
    // At the end of the chain, so that it is asked only for what is not there.
    this.#prototype = new Proxy(Object.prototype, {
      get(target, name, receiver) {
        // What languages, consoles and test runners ask of any object is simply not there.
        if (typeof name === "symbol" || name in target || name === "then" || name === "toJSON") return Reflect.get(target, name, receiver);
        const message = `no ${what} \`${name}\`; there are ${names(things)}`;
        throw blame === "parameter" ? new ParameterError(message) : new Failure(message);
      },
    });
  }

  /** A record of values that are there already, which is cheaper. */
  filled(values: readonly unknown[]): object {
    const record = Object.create(this.#prototype);
    for (var place = 0; place < this.#names.length; place++) record[this.#names[place]!] = values[place];
    return record;
  }

  of(owner: O): object {
    this.#owner.value = owner;
    return Object.create(this.#prototype, this.#descriptors);
  }
}
