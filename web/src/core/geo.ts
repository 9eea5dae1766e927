/** The part of GeoJSON that the county's outlines use. */
export interface Feature {
  type: 'Feature';
  geometry: { type: string; coordinates: unknown } | null;
  properties: Record<string, unknown> | null;
}

/** Features of one file. */
export interface FeatureCollection {
  type: 'FeatureCollection';
  features: Feature[];
}

/** West, south, east, north in degrees. */
export type Box = [number, number, number, number];

/** All positions of a geometry, however deeply nested. */
export function positions(coordinates: unknown): [number, number][] {
  if (!Array.isArray(coordinates)) return [];
  if (typeof coordinates[0] === 'number' && typeof coordinates[1] === 'number') return [[coordinates[0], coordinates[1]]];
  return coordinates.flatMap(positions);
}

/** The smallest box around all features; `undefined` when there is nothing to show. */
export function boxOf(features: Feature[]): Box | undefined {
  let box: Box | undefined;
  for (const feature of features) {
    for (const [lon, lat] of positions(feature.geometry?.coordinates)) {
      box = box
        ? [Math.min(box[0], lon), Math.min(box[1], lat), Math.max(box[2], lon), Math.max(box[3], lat)]
        : [lon, lat, lon, lat];
    }
  }
  return box;
}

/** Where a feature's label stands: its point, or the middle of its box. */
export function anchorOf(feature: Feature): [number, number] | undefined {
  const box = boxOf([feature]);
  return box && [(box[0] + box[2]) / 2, (box[1] + box[3]) / 2];
}

/** `lat,lon` as the server writes it. */
export function parseCenter(text: string | undefined): [number, number] | undefined {
  const [lat, lon] = (text ?? '').split(',').map(Number);
  if (lat === undefined || lon === undefined || !(Math.abs(lat) <= 90) || !(Math.abs(lon) <= 180) || text === '') return undefined;
  return [lon, lat];
}
