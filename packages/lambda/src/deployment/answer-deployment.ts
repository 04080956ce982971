import { setTimeout as pause } from 'node:timers/promises';
import type { DeploymentRequest } from './deployment-event.ts';

export type DeploymentOutcome =
  | { readonly kind: 'done'; readonly data: Readonly<Record<string, string>> }
  /** The stack is rolled back, and shows `reason`. */
  | { readonly kind: 'failed'; readonly reason: string };

/** CloudFormation refuses answers above 4 KB. */
const MAX_REASON = 2_000;
const MAX_ATTEMPTS = 5;
const PAUSE_MS = 500;
const ATTEMPT_TIMEOUT_MS = 10_000;

/**
 * Tells CloudFormation how it ended. Without an answer a stack waits for an hour, so a failed delivery is repeated.
 *
 * @throws Error when the answer could not be delivered.
 */
export async function answerDeployment(
  { responseUrl, physicalId, echo }: Pick<DeploymentRequest, 'responseUrl' | 'physicalId' | 'echo'>,
  outcome: DeploymentOutcome,
): Promise<void> {
  const body = JSON.stringify({
    ...echo,
    PhysicalResourceId: physicalId,
    ...(outcome.kind === 'done'
      ? { Status: 'SUCCESS', Data: outcome.data }
      : { Status: 'FAILED', Reason: outcome.reason.slice(0, MAX_REASON) }),
  });
  for (let attempt = 1; ; attempt += 1) {
    try {
      // The URL is signed for an empty content type.
      const answer = await fetch(responseUrl, {
        method: 'PUT',
        body,
        headers: { 'content-type': '' },
        signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
      });
      if (answer.ok) return;
      throw new Error(`CloudFormation did not take the answer: ${answer.status} ${await answer.text()}`);
    } catch (error) {
      if (attempt === MAX_ATTEMPTS) throw error;
      await pause(PAUSE_MS * attempt);
    }
  }
}
