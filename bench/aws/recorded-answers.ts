import type { AwsClients } from './aws-emulators.ts';

interface Sender {
  send(command: object): Promise<unknown>;
}

/** Answers of AWS in the order in which they came, by what was asked: service, operation, and prefix of a query. */
export type RecordedAnswers = Map<string, unknown[]>;

/** Writes down what these clients are answered from now on, into the map that it returns. */
export function recordAnswers(clients: AwsClients): RecordedAnswers {
  const answers: RecordedAnswers = new Map();
  for (const [service, client] of Object.entries(clients) as [string, Sender][]) {
    const send = client.send.bind(client);
    client.send = async (command) => {
      const answer = await send(command);
      const kind = kindOf(service, command);
      answers.set(kind, [...(answers.get(kind) ?? []), answer]);
      return answer;
    };
  }
  return answers;
}

/**
 * From now on these clients answer what was recorded, in its order, without anything that the SDK does. What is asked
 * more often than it was recorded gets the last answer.
 *
 * @throws Error by `send`, for what was never asked.
 */
export function answerFrom(clients: AwsClients, answers: RecordedAnswers): void {
  for (const [service, client] of Object.entries(clients) as [string, Sender][]) {
    client.send = async (command) => {
      const kind = kindOf(service, command);
      const left = answers.get(kind);
      if (left === undefined) throw new Error(`${kind} was not recorded`);
      return left.length > 1 ? left.shift() : left[0];
    };
  }
}

function kindOf(service: string, command: object): string {
  const { input } = command as {
    input: { ExpressionAttributeValues?: Readonly<Record<string, { S?: string }>> };
  };
  const prefix = input.ExpressionAttributeValues?.[':prefix']?.S ?? '';
  return `${service} ${command.constructor.name} ${prefix}`.trimEnd();
}
