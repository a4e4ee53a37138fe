/** The workflows of the bundle. */
export { swarmLane } from './lane.js';
export { swarmRun } from './run.js';
export { swarmSeed } from './seed.js';
export { swarmSlice } from './slice.js';
