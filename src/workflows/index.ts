/** The workflows of the bundle. */
export { swarmLane } from './map/lane.js';
export { swarmSeed } from './map/seed.js';
export { swarmSlice } from './map/slice.js';
export { swarmRun } from './run.js';
