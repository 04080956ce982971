import { ApiError } from './api-error.ts';
import type { FaultSettings, Faults } from './faults.ts';

/** Where a running server shows and takes its faults. No AWS client asks for it. */
export const FAULTS_PATH = '/_millrace/faults';

/**
 * `GET`: the faults as JSON. `PUT`: changes those that the body names. `DELETE`: switches all off. The answer is what
 * holds afterwards.
 *
 * @throws ApiError that says what is wrong with the body.
 */
export function answerFaults(faults: Faults, method: string, body: Buffer): FaultSettings {
  switch (method) {
    case 'GET':
      return faults.settings;
    case 'DELETE':
      faults.clear();
      return faults.settings;
    case 'PUT':
      change(faults, parse(body));
      return faults.settings;
    default:
      throw new ApiError('MethodNotAllowed', `${FAULTS_PATH} takes GET, PUT and DELETE`, { status: 405 });
  }
}

function parse(body: Buffer): Partial<FaultSettings> {
  let value: unknown;
  try {
    value = JSON.parse(body.toString());
  } catch {
    throw notAnObject();
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw notAnObject();
  return value;
}

function notAnObject(): ApiError {
  return new ApiError('InvalidFaults', 'the body is not a JSON object such as {"eventLoss": 0.5}');
}

function change(faults: Faults, changes: Partial<FaultSettings>): void {
  try {
    faults.set(changes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ApiError('InvalidFaults', error.message);
  }
}
