export { bunzip2, decodeBzip2 } from './bunzip2.ts';
export { ObjectShapes } from './object-shapes.ts';
export { UnpackError, unpack } from './unpack.ts';
export { unzstd, unzstdSync } from './unzstd.ts';
