//! AWS Signature Version 4, in the `authorization` header.
//!
//! Sans-IO: the time comes in, headers go out. What is signed: method, path and
//! query as they go over the wire, the headers given, `x-amz-date`, the session
//! token where there is one, and the body's SHA-256; so whoever signs must have
//! the whole body, as it will be sent. Must not: keep or show a secret.
//!
//! The canonical path is the wire's path encoded once more (all services but S3):
//! a model's ARN, `arn%3Aaws...` on the wire, is signed as `arn%253Aaws...`.
//!
//! Spec: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.
//! Checked against AWS's own vectors:
//! <https://github.com/awslabs/aws-c-auth/tree/main/tests/aws-signing-test-suite/v4>.

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use std::fmt::Write;

mod canonical;
mod date;
#[cfg(test)]
mod tests;

use date::Stamp;

/// Long-lived credentials, or temporary ones with their token.
#[derive(Clone, Copy)]
pub struct Credentials<'a> {
    pub access_key_id: &'a str,
    pub secret_access_key: &'a str,
    pub session_token: Option<&'a str>,
}

/// What a signature is good for, beside its day.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    pub region: &'a str,
    pub service: &'a str,
}

/// The call to be signed.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    pub method: &'a str,
    /// Path and query, as they go over the wire.
    pub target: &'a str,
    /// Lower-case names and values; `host` must be among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// Of the body that is sent.
    pub body_sha256: [u8; 32],
}

/// The headers to be added: names and values.
pub type Signed = Vec<(&'static str, String)>;

/// `now`: Unix seconds. The provider takes a signature for five minutes.
pub fn sign(credentials: &Credentials<'_>, scope: Scope<'_>, call: &Call<'_>, now: u64) -> Signed {
    let stamp = Stamp::of(now);
    let (date, time) = (stamp.date(), stamp.time());
    let mut headers = call.headers.to_vec();
    headers.push(("x-amz-date", &time));
    headers.extend(credentials.session_token.map(|token| ("x-amz-security-token", token)));
    let (request, names) = canonical::request(call, &headers);
    let scope_text = format!("{date}/{}/{}/aws4_request", scope.region, scope.service);
    let hash = hex(&Sha256::digest(request.as_bytes()));
    let to_sign = format!("{ALGORITHM}\n{time}\n{scope_text}\n{hash}");
    let secret = format!("AWS4{}", credentials.secret_access_key);
    let key = [date.as_str(), scope.region, scope.service, "aws4_request"]
        .iter()
        .fold(secret.into_bytes(), |key, part| hmac(&key, part.as_bytes()).to_vec());
    let signature = hex(&hmac(&key, to_sign.as_bytes()));
    let authorization = format!(
        "{ALGORITHM} Credential={}/{scope_text}, SignedHeaders={names}, Signature={signature}",
        credentials.access_key_id
    );
    let mut signed = vec![("authorization", authorization), ("x-amz-date", time)];
    signed.extend(credentials.session_token.map(|t| ("x-amz-security-token", t.to_owned())));
    signed
}

/// The hash `Call` wants.
pub fn sha256(body: &[u8]) -> [u8; 32] {
    Sha256::digest(body).into()
}

const ALGORITHM: &str = "AWS4-HMAC-SHA256";

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return [0; 32] };
    mac.update(message);
    mac.finalize().into_bytes().into()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
