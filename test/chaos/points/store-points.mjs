// @ts-check
/** The points at the store: just before and just after a step of the hot path is durable. */

/**
 * @typedef {import('../../../src/store/port/store.js').Store} Store
 * @typedef {(...args: any[]) => any} Method
 */

/** @type {Readonly<Record<string, (die: () => void) => Partial<Record<keyof Store, (method: Method) => Method>>>>} */
const POINTS = {
  'before reserve': (die) => ({ intend: onFirst({ before: die }) }),
  'after reserve': (die) => ({ intend: onFirst({ after: die }) }),
  'after body': (die) => ({ settle: onFirst({ before: die }) }),
  'after journal': (die) => ({ settle: onFirst({ after: die }) }),
  // A second turn begins when Temporal knows the end of the first one.
  'after complete': (die) => ({ outcome: onSecondAsk(die) }),
};

export const storePoints = Object.keys(POINTS);

/**
 * @param {{ before?: () => void, after?: () => void }} strike
 * @returns {(method: Method) => Method}
 */
function onFirst({ before, after }) {
  return (method) =>
    async (...args) => {
      before?.();
      const result = await method(...args);
      after?.();
      return result;
    };
}

/**
 * @param {() => void} die
 * @returns {(method: Method) => Method}
 */
function onSecondAsk(die) {
  let asked = 0;
  return (method) => (run, index) => {
    asked += 1;
    if (asked === 2) die();
    return method(run, index);
  };
}

/**
 * The same store, but for the methods that the point watches.
 * @param {Store} store
 * @param {string} point
 * @param {() => void} die
 * @returns {Store}
 */
export function wrapStore(store, point, die) {
  const watched = /** @type {Record<string, (method: Method) => Method>} */ (POINTS[point]?.(die) ?? {});
  /** @type {Map<string, unknown>} */
  const methods = new Map();
  for (const [name, watch] of Object.entries(watched)) {
    const method = /** @type {Method} */ (store[/** @type {keyof Store} */ (name)]);
    methods.set(name, watch(method.bind(store)));
  }
  return new Proxy(store, {
    get: (target, name) => methods.get(String(name)) ?? Reflect.get(target, name, target),
  });
}
