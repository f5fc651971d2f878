use super::*;

const KEYS: Credentials<'_> = Credentials {
    access_key_id: "AKIDEXAMPLE",
    secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    session_token: None,
};
const SCOPE: Scope<'_> = Scope { region: "us-east-1", service: "service" };
/// 2015-08-30T12:36:00Z
const NOW: u64 = 1_440_938_160;
const HOST: (&str, &str) = ("host", "example.amazonaws.com");
const TOKEN: &str = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
const STS_TOKEN: &str = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==";

struct Vector {
    name: &'static str,
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    body: &'static [u8],
    token: Option<&'static str>,
    signed: &'static str,
    signature: &'static str,
}

const GET: Vector = Vector {
    name: "get-vanilla",
    method: "GET",
    target: "/",
    headers: &[HOST],
    body: b"",
    token: None,
    signed: "host;x-amz-date",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
};

/// AWS's signing test suite; names are its folders'.
const VECTORS: &[Vector] = &[
    GET,
    Vector {
        name: "get-vanilla-empty-query-key",
        target: "/?Param1=value1",
        signature: "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb",
        ..GET
    },
    Vector {
        name: "get-vanilla-query-order-key-case",
        target: "/?Param2=value2&Param1=value1",
        signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ..GET
    },
    Vector {
        name: "get-vanilla-query-order-encoded",
        target: "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
        signature: "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        ..GET
    },
    Vector {
        name: "get-vanilla-utf8-query",
        target: "/?ሴ=bar",
        signature: "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04",
        ..GET
    },
    Vector {
        name: "get-unreserved",
        target: "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
        signature: "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ..GET
    },
    Vector {
        name: "get-utf8",
        target: "/ሴ",
        signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85",
        ..GET
    },
    Vector {
        name: "get-space-normalized",
        target: "/example space/",
        signature: "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741",
        ..GET
    },
    Vector { name: "get-slash-dot-slash-normalized", target: "/./", ..GET },
    Vector { name: "get-relative-normalized", target: "/example/..", ..GET },
    Vector { name: "get-relative-relative-normalized", target: "/example1/example2/../..", ..GET },
    Vector {
        name: "get-slashes-normalized",
        target: "//example//",
        signature: "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        ..GET
    },
    Vector {
        name: "get-header-key-duplicate",
        headers: &[
            HOST,
            ("my-header1", "value2"),
            ("my-header1", "value2"),
            ("my-header1", "value1"),
        ],
        signed: "host;my-header1;x-amz-date",
        signature: "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea",
        ..GET
    },
    Vector {
        name: "get-header-value-trim",
        headers: &[HOST, ("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
        signed: "host;my-header1;my-header2;x-amz-date",
        signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ..GET
    },
    Vector {
        name: "get-vanilla-with-session-token",
        token: Some(TOKEN),
        signed: "host;x-amz-date;x-amz-security-token",
        signature: "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
        ..GET
    },
    Vector {
        name: "post-vanilla",
        method: "POST",
        signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ..GET
    },
    Vector {
        name: "post-sts-header-before",
        method: "POST",
        token: Some(STS_TOKEN),
        signed: "host;x-amz-date;x-amz-security-token",
        signature: "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead",
        ..GET
    },
    Vector {
        name: "post-x-www-form-urlencoded",
        method: "POST",
        headers: &[
            ("content-type", "application/x-www-form-urlencoded"),
            HOST,
            ("content-length", "13"),
            (
                "x-amz-content-sha256",
                "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e",
            ),
        ],
        body: b"Param1=value1",
        signed: "content-length;content-type;host;x-amz-content-sha256;x-amz-date",
        signature: "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        ..GET
    },
];

#[test]
fn signs_as_the_published_vectors_do() {
    for v in VECTORS {
        let call = Call {
            method: v.method,
            target: v.target,
            headers: v.headers,
            body_sha256: sha256(v.body),
        };
        let keys = Credentials { session_token: v.token, ..KEYS };
        let signed = sign(&keys, SCOPE, &call, NOW);
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
             SignedHeaders={}, Signature={}",
            v.signed, v.signature
        );
        assert_eq!(signed[0], ("authorization", authorization), "{}", v.name);
        assert_eq!(signed[1], ("x-amz-date", "20150830T123600Z".to_owned()));
        assert_eq!(signed.get(2).map(|(_, t)| t.as_str()), v.token);
    }
}

#[test]
fn an_escaped_path_is_escaped_again() {
    let call = Call {
        method: "POST",
        target: "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fx/converse",
        headers: &[("host", "h")],
        body_sha256: sha256(b"{}"),
    };
    let (request, names) = canonical::request(&call, call.headers);
    assert_eq!(names, "host");
    assert_eq!(
        request,
        "POST\n/model/arn%253Aaws%253Abedrock%253Aus-east-1%253A1%253Ainference-profile%252Fx/converse\n\n\
         host:h\n\nhost\n44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    );
}
