import { placeOf } from "./cloud-config.ts";
import { readCloud } from "./clouds-yaml.ts";
import type { CloudSurvey, SessionOptions } from "./session.ts";
import { Session } from "./session.ts";

/** A session, for as long as its credentials are good. */
export interface Connection extends AsyncDisposable {
  readonly service: Session;
  readonly place: string;
  /** See {@link Session.survey}. */
  survey(signal?: AbortSignal): Promise<CloudSurvey>;
}

export interface ConnectSource {
  readonly cloudsYaml: string;
  /** PEM. */
  readonly cacert: string | undefined;
  readonly cloudName: string;
  /** Instead of what clouds.yaml says. */
  readonly regionName?: string | undefined;
  /** The id of the one project that may be acted in, whichever clouds.yaml names: see confinement.ts. */
  readonly onlyProject?: string | undefined;
}

/**
 * Makes sessions of what Secrets hold, without a request. Paths of files in clouds.yaml mean nothing there: a `cacert`
 * that is a path is passed over. The function throws an Error that says what is wrong with the text, without a secret.
 */
export function connectWith(options: SessionOptions): (source: ConnectSource) => Connection {
  return ({ cloudsYaml, cacert, cloudName, regionName, onlyProject }) => {
    const config = {
      ...readCloud({ cloudsYaml, cloudName, ...(cacert !== undefined && { cacert }) }),
      ...(regionName !== undefined && { region: regionName }),
      ...(onlyProject !== undefined && { onlyProject }),
    };
    const service = new Session(config, options);
    return {
      service,
      place: placeOf(config),
      survey: (signal) => service.survey(signal),
      [Symbol.asyncDispose]: () => service[Symbol.asyncDispose](),
    };
  };
}
