//! Who calls: a bearer key, or a signature that is really checked.
//!
//! Written apart from the gateway's own signing, so that one cannot hide the other's
//! mistake. The keys are AWS's documented examples.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>

use std::time::{SystemTime, UNIX_EPOCH};

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};

use crate::cli::mock::MADE_UP_KEY;
use crate::cli::mock::record::Entry;
use crate::cli::mock::vendor::Failure;

pub(in crate::cli::mock) fn authorize(entry: &Entry) -> Result<(), Failure> {
    let header = |name: &str| entry.headers.get(name).and_then(|v| v.to_str().ok());
    let Some(authorization) = header("authorization") else {
        return Err(refused("MissingAuthenticationTokenException", "Missing Authentication Token"));
    };
    if let Some(key) = authorization.strip_prefix("Bearer ") {
        if key.is_empty() {
            let message = "Authentication failed: Please make sure your API Key is valid.";
            return Err(refused("AccessDeniedException", message));
        }
        return Ok(());
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    let headers: Vec<(&str, &str)> = entry
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .collect();
    // HTTP/2 has it in the URI.
    let authority = entry.uri.authority().map(|a| a.as_str());
    check(&Request {
        method: entry.method.as_str(),
        target: entry.uri.path_and_query().map_or("/", |p| p.as_str()),
        host: authority.or(header("host")).unwrap_or_default(),
        headers: &headers,
        body: &entry.body,
        authorization,
        now,
    })
}

struct Request<'a> {
    method: &'a str,
    target: &'a str,
    host: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
    authorization: &'a str,
    /// Unix seconds.
    now: u64,
}

fn check(request: &Request<'_>) -> Result<(), Failure> {
    let incomplete = || {
        refused(
            "IncompleteSignatureException",
            "The request signature does not conform to AWS standards.",
        )
    };
    let fields = request.authorization.strip_prefix("AWS4-HMAC-SHA256 ").ok_or_else(incomplete)?;
    let field =
        |name: &str| fields.split(',').find_map(|f| f.trim().strip_prefix(name)?.strip_prefix('='));
    let (Some(credential), Some(names), Some(signature)) =
        (field("Credential"), field("SignedHeaders"), field("Signature"))
    else {
        return Err(incomplete());
    };
    let parts: Vec<&str> = credential.split('/').collect();
    let &[id, date, region, "bedrock", "aws4_request"] = parts.as_slice() else {
        return Err(refused(
            "InvalidSignatureException",
            "Credential should be scoped to a valid region and to bedrock.",
        ));
    };
    let value = |name: &str| request.headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
    let token = value("x-amz-security-token");
    let known = |a: &&Account| a.id == id && token.is_none_or(|t| t == a.token);
    let Some(account) = ACCOUNTS.iter().find(known) else {
        let message = format!("The security token included in the request is invalid ({id}).");
        return Err(refused("UnrecognizedClientException", &message));
    };
    let time = value("x-amz-date").ok_or_else(incomplete)?;
    let age = seconds(time).ok_or_else(incomplete)?.abs_diff(request.now);
    if !time.starts_with(date) || age > 300 {
        return Err(refused("InvalidSignatureException", "Signature expired."));
    }
    let must = ["host", "x-amz-date", "x-amz-security-token"];
    let signed: Vec<&str> = names.split(';').collect();
    if must.iter().any(|n| (*n == "host" || value(n).is_some()) && !signed.contains(n)) {
        return Err(refused("InvalidSignatureException", "A header must be signed that is not."));
    }
    let mut lines = String::new();
    for name in &signed {
        let value = if *name == "host" { Some(request.host) } else { value(name) };
        lines += &format!("{name}:{}\n", value.ok_or_else(incomplete)?.trim());
    }
    let (path, query) = request.target.split_once('?').unwrap_or((request.target, ""));
    let canonical = format!(
        "{}\n{}\n{query}\n{lines}\n{names}\n{}",
        request.method,
        escaped(path),
        digest(request.body)
    );
    let scope = format!("{date}/{region}/bedrock/aws4_request");
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", digest(canonical.as_bytes()));
    let mut key = format!("AWS4{}", account.secret).into_bytes();
    for part in scope.split('/') {
        key = mac(&key, part);
    }
    if hex(&mac(&key, &text)) == signature {
        return Ok(());
    }
    Err(refused(
        "InvalidSignatureException",
        "The request signature we calculated does not match the signature you provided. Check \
         your AWS Secret Access Key and signing method. Consult the service documentation for \
         details.",
    ))
}

fn refused(code: &str, message: &str) -> Failure {
    Failure::new(403, message).code(code)
}

/// The path as it came, escaped once more.
fn escaped(path: &str) -> String {
    path.bytes()
        .map(|b| match b {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => {
                char::from(b).to_string()
            }
            _ => format!("%{b:02X}"),
        })
        .collect()
}

fn digest(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

/// Unix seconds of `20150830T123600Z`.
fn seconds(time: &str) -> Option<u64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<u64>().ok();
    let (year, month, day) = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    let (y, m) = if month < 3 { (year.checked_sub(1)?, month + 12) } else { (year, month) };
    let days = 365 * y + y / 4 - y / 100 + y / 400 + (153 * (m - 3) + 2) / 5 + day;
    let seconds = number(9, 11)? * 3600 + number(11, 13)? * 60 + number(13, 15)?;
    Some(days.checked_sub(719_469)? * 86_400 + seconds)
}

struct Account {
    id: &'static str,
    secret: &'static str,
    token: &'static str,
}

/// AWS's example, and whoever has none.
const ACCOUNTS: &[Account] = &[
    Account {
        id: "AKIAIOSFODNN7EXAMPLE",
        secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        token: "SESSION-EXAMPLE",
    },
    Account { id: MADE_UP_KEY, secret: MADE_UP_KEY, token: MADE_UP_KEY },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_dates() {
        assert_eq!(seconds("19700101T000000Z"), Some(0));
        assert_eq!(seconds("20150830T123600Z"), Some(1_440_938_160));
        assert_eq!(seconds("20240229T235959Z"), Some(1_709_251_199));
        assert_eq!(seconds("nonsense"), None);
    }

    /// What botocore 1.44.5 made of this request and these keys.
    #[test]
    fn takes_what_botocore_signed_and_nothing_else() {
        let headers = [
            ("content-type", "application/json"),
            ("x-amz-date", "20261121T150000Z"),
            ("x-amz-security-token", "SESSION-EXAMPLE"),
        ];
        let authorization = BOTOCORE;
        let good = Request {
            method: "POST",
            target: "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse",
            host: "bedrock-runtime.us-east-1.amazonaws.com",
            headers: &headers,
            body: b"{}",
            authorization,
            now: 1_795_273_200,
        };
        assert_eq!(check(&good), Ok(()));
        let other = "/model/arn:aws:bedrock:us-east-1:1:inference-profile%2Fx/converse";
        for bad in [
            Request { body: b"{ }", ..good },
            Request { target: other, ..good },
            Request { host: "bedrock-runtime.us-west-2.amazonaws.com", ..good },
            Request { method: "GET", ..good },
            Request { now: good.now + 301, ..good },
            Request { authorization: "AWS4-HMAC-SHA256 Credential=x", ..good },
        ] {
            assert_eq!(check(&bad).map_err(|f| f.status), Err(403));
        }
    }

    const BOTOCORE: &str = "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261121/us-east-1/bedrock/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token, Signature=45ab21f38e345067baf47d5f1cbd98068619a888f58c23ef0635fd73942c6d0a";
}
