import { DeniedError, UnreachableError } from "../util/errors.ts";

/** A controller that is asked over TLS. */
export interface HttpsDoor {
  readonly type: "https";
  readonly host: string;
  readonly port: number;
  /** Says who asks; it stands in no message. */
  readonly token: string;
  /** PEM of whom to trust; undefined: whom the system trusts. */
  readonly certificateAuthority: string | undefined;
}

/** As a person knows it. */
export function doorAddress({ host, port }: Pick<HttpsDoor, "host" | "port">): string {
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

const certificateCodes =
  /^(?:CERT_|ERR_TLS_CERT|UNABLE_TO_(?:GET|VERIFY)|DEPTH_ZERO_SELF_SIGNED|SELF_SIGNED_CERT)/;

/** What a failed connection there means for a person. */
export function doorUnreachable(door: HttpsDoor, error: unknown): Error {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const address = doorAddress(door);
  if (certificateCodes.test(code)) {
    return new DeniedError({
      reason: "CertificateNotTrusted",
      message: `The certificate of ${address} is not trusted (${code}).`,
      remedy:
        "Name its authority: --certificate-authority FILE; the controller's own stands in what ds01 kubeconfig prints.",
      cause: error,
    });
  }
  return new UnreachableError({
    reason: "ControllerUnreachable",
    message: `The controller does not answer at ${address} (${code === "" ? "no answer" : code}).`,
    remedy: "It listens at 127.0.0.1 of its host, where api.https is set: from elsewhere, through a tunnel.",
    cause: error,
  });
}
