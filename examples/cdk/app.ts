import { App } from 'aws-cdk-lib';
import { ExampleStack } from './example-stack.ts';

// The `cdk` command says where; by itself the app writes to cdk.out.
const app = new App({ outdir: process.env.CDK_OUTDIR ?? 'cdk.out' });
// No account and no region: the stack is for the ones that it is deployed to.
new ExampleStack(app, 'MillraceExample');
app.synth();
