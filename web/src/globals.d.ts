// Names of built files, put in by `build.mjs`.
declare const MAPLIBRE_JS: string;
declare const MAPLIBRE_WORKER: string;
declare const MAPLIBRE_CSS: string;
