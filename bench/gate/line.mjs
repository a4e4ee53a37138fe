// @ts-check
/** What a scenario of the gate found, beside what it has to reach. */

/** @typedef {{measure: string, value: string, goal: string, reached: boolean, plain?: string}} Line */

/** @param {number} share */
const percent = (share) => `${(share * 100).toFixed(2)} %`;

/** @param {string} measure @param {string | number} value @param {string} goal @param {boolean} reached @returns {Line} */
export function found(measure, value, goal, reached) {
  return { measure, value: String(value), goal, reached };
}

/** @param {string} measure @param {number} value @param {number} goal */
export function atLeast(measure, value, goal) {
  return found(measure, value.toFixed(3), `at least ${goal}`, value >= goal);
}

/** A share of calls. @param {string} measure @param {number} share @param {number} goal */
export function below(measure, share, goal) {
  return found(measure, percent(share), `under ${percent(goal)}`, share < goal);
}

/** No row is lost. @param {string} measure @param {number} count @param {number} all */
export function every(measure, count, all) {
  return found(measure, count.toLocaleString('en'), 'all', count === all);
}
