import { Construct } from 'constructs';

/** Loads files into Redshift in micro-batches, exactly once. */
export class MicrobatchLoader extends Construct {}
