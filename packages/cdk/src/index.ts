export { MicrobatchLoader } from './microbatch-loader';
