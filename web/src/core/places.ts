/** A place as the interface for machines tells it. */
export interface Place {
  code: string;
  name: string;
  /** Names of the places above it. */
  path?: string;
  level?: string;
  /** Whether there are places under it. */
  more?: boolean;
}

/** The places of an answer, which is a list, one place, or an object with `items`. */
export function placesOf(answer: unknown): Place[] {
  const list = Array.isArray(answer) ? answer : ((answer as { items?: unknown } | null | undefined)?.items ?? [answer]);
  return Array.isArray(list) ? list.filter(isPlace) : [];
}

function isPlace(value: unknown): value is Place {
  const place = value as Partial<Place> | null | undefined;
  return typeof place?.code === 'string' && typeof place.name === 'string';
}

/** The name with those above it. */
export function fullName({ name, path }: Place): string {
  return path && !path.endsWith(name) ? `${path} / ${name}` : path || name;
}

/** Event on a form's inside: a point was set, by map or by the device. */
export const POINT = 'gz:point';

/** A point in degrees. */
export interface Point {
  lat: number;
  lon: number;
}
