export { chart } from './chart.ts';
export { dups } from './dups.ts';
export { keys } from './keys.ts';
export { live } from './live.ts';
export { map } from './map.ts';
