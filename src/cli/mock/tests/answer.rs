//! What the model says to what, without a socket.

use serde_json::json;

use crate::cli::mock::answer::*;
use crate::cli::mock::faults::Faults;

#[test]
fn words_and_pieces_add_up() {
    for text in [
        "",
        " ",
        "a",
        "a b",
        "  a  b\n\nc ",
        "ü 😀 日本",
        "{\"city\":\"Paris\"}",
    ] {
        let joined: String = words(text).collect();
        assert_eq!(joined, if text.trim().is_empty() { "" } else { text });
        assert_eq!(pieces(text).collect::<String>(), text);
    }
    assert_eq!(
        words("You said: hi").collect::<Vec<_>>(),
        ["You", " said:", " hi"]
    );
}

#[test]
fn echoes_and_counts() {
    let answer = answer(&ask("hello there"), "");
    assert_eq!(answer.text, "You said: hello there");
    let usage = answer.usage.unwrap();
    assert_eq!((usage.input, usage.output, usage.reasoning), (3, 4, 0));
    assert_eq!(answer.finish, Finish::Stop);
}

#[test]
fn echoes_200_characters() {
    let text = answer(&ask(&"ü".repeat(300)), "").text;
    assert_eq!(text.chars().count(), "You said: ".len() + 200);
}

#[test]
fn limits() {
    let table: &[(&[&str], Option<u64>, &str, Finish)] = &[
        (
            &["there"],
            None,
            "You said: hello ",
            Finish::Sequence("there".into()),
        ),
        (&["zzz"], Some(9), "You said: hello there", Finish::Stop),
        (&[], Some(4), "You said: hello there", Finish::Stop),
        (&[], Some(2), "You said:", Finish::Length),
        (&["hello"], Some(1), "You", Finish::Length),
        (
            &["hello"],
            Some(2),
            "You said: ",
            Finish::Sequence("hello".into()),
        ),
    ];
    for (stops, max_tokens, text, finish) in table {
        let ask = Ask {
            stops: stops.to_vec(),
            max_tokens: *max_tokens,
            ..ask("hello there")
        };
        let answer = answer(&ask, "");
        assert_eq!((answer.text.as_str(), &answer.finish), (*text, finish));
    }
}

#[test]
fn tools() {
    let schema = json!({"properties": {"city": {"type": "string"}}});
    let names = |turn, choice, one| {
        let tools = ["a", "b"].map(|name| Tool {
            name,
            schema: &schema,
        });
        let ask = Ask {
            turn,
            choice,
            tools: tools.into(),
            one_call_at_most: one,
            ..Ask::default()
        };
        let calls = answer(&ask, "").calls;
        assert!(calls.iter().all(|c| c.arguments == r#"{"city":"Paris"}"#));
        calls.into_iter().map(|c| c.name).collect::<String>()
    };
    let user = |text: &str| Turn::User(text.to_owned());
    assert_eq!(names(user("hi"), Choice::Auto, false), "");
    assert_eq!(names(user("Weather?"), Choice::Auto, false), "a");
    assert_eq!(names(user("weather in both"), Choice::Auto, false), "aa");
    assert_eq!(names(user("weather in both"), Choice::Auto, true), "a");
    assert_eq!(names(user("weather"), Choice::None, false), "");
    assert_eq!(names(user("hi"), Choice::Any, false), "a");
    assert_eq!(names(user("hi"), Choice::Named("b"), false), "b");
    assert_eq!(names(Turn::Tool("weather".into()), Choice::Auto, false), "");
}

#[test]
fn faults_and_formats() {
    assert_eq!(answer(&ask("x"), "tokens=3").text, "w0 w1 w2");
    assert_eq!(answer(&ask("x"), "text=%C3%BC").text, "ü");
    assert!(answer(&ask("x"), "no-usage").usage.is_none());
    let object = Ask {
        format: Format::Object,
        ..ask("x")
    };
    assert_eq!(answer(&object, "").text, r#"{"ok":true}"#);
    let schema = json!({"properties": {"n": {"type": "integer"}}});
    let schema = Ask {
        format: Format::Schema(&schema),
        ..ask("x")
    };
    assert_eq!(answer(&schema, "").text, r#"{"n":1}"#);
    let tool = Ask {
        turn: Turn::Tool("sunny".into()),
        ..ask("x")
    };
    assert_eq!(answer(&tool, "").text, "Tool said: sunny");
}

fn ask(text: &str) -> Ask<'static> {
    Ask {
        turn: Turn::User(text.to_owned()),
        input_bytes: text.len(),
        ..Ask::default()
    }
}

fn answer(ask: &Ask<'_>, spec: &str) -> Answer {
    Answer::new(ask, &Faults::parse(spec).unwrap())
}
