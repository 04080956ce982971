export * from './event-pipeline';
export * from './firehose-source';
export * from './landing-bucket';
export * from './microbatch-loader';
export * from './microbatch-loader-props';
export * from './tasker/redshift-statement';
export * from './tasker/redshift-tasker';
export * from './tasker/redshift-tasker-props';
