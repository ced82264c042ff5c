import { CipherContext, RTCCertificate } from "werift";

const ECDSA = 3;
const SHA256 = 4;
const SECP256R1 = 23;

/** A fresh self-signed P-256 certificate; one per process serves every viewer. */
export async function makeCertificate(): Promise<RTCCertificate> {
  const made = await CipherContext.createSelfSignedCertificateWithKey(
    { signature: ECDSA, hash: SHA256 },
    SECP256R1,
  );
  return new RTCCertificate(made.keyPem, made.certPem, made.signatureHash);
}
