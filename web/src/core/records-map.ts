// Everything that the map of records needs, in one lazily loaded chunk.
export { colour, fetchFeatures, openBaseMap } from './base-map.ts';
export { boxOf } from './geo.ts';
