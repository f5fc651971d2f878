//! A form as an object: fields are strings, files `{"filename", "size"}`, what stands
//! several times (`image[]`) an array under its bare name.

use serde_json::{Map, Value, json};

/// `None`: not one.
pub(in crate::cli::mock) fn read(content_type: &str, body: &[u8]) -> Option<Value> {
    let (_, boundary) = content_type.split_once("boundary=")?;
    let boundary = boundary.split(';').next()?.trim().trim_matches('"');
    let delimiter = format!("--{boundary}");
    let mut rest = body.strip_prefix(delimiter.as_bytes())?;
    let next = [b"\r\n", delimiter.as_bytes()].concat();
    let mut fields = Map::new();
    while let Some(part) = rest.strip_prefix(b"\r\n") {
        let end = memchr::memmem::find(part, &next)?;
        let (part, tail) = part.split_at(end);
        rest = tail.get(next.len()..)?;
        let head = memchr::memmem::find(part, b"\r\n\r\n")?;
        let content = part.get(head + 4..)?;
        let head = std::str::from_utf8(part.get(..head)?).ok()?;
        let disposition = head
            .split("\r\n")
            .filter_map(|line| line.split_once(": "))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-disposition"))?
            .1;
        let parameter = |name: &str| {
            let (_, value) = disposition.split_once(&format!("; {name}=\""))?;
            value.split('"').next()
        };
        let value = match parameter("filename") {
            Some(name) => json!({ "filename": name, "size": content.len() }),
            None => Value::from(String::from_utf8(content.to_vec()).ok()?),
        };
        let name = parameter("name")?;
        match name.strip_suffix("[]") {
            Some(name) => {
                let all = fields.entry(name).or_insert_with(|| json!([]));
                all.as_array_mut()?.push(value);
            }
            None if fields.contains_key(name) => return None,
            None => drop(fields.insert(name.to_owned(), value)),
        }
    }
    rest.starts_with(b"--").then_some(Value::Object(fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads() {
        let part = |head: &str, body: &str| {
            format!("--b\r\nContent-Disposition: form-data; {head}\r\n\r\n{body}\r\n")
        };
        let all = part("name=\"model\"", "m")
            + &part("name=\"image[]\"; filename=\"a.png\"", "12")
            + &part("name=\"image[]\"; filename=\"b.png\"", "3");
        let read = |body: &str| read("multipart/form-data; boundary=b", body.as_bytes());
        let image = json!([{ "filename": "a.png", "size": 2 }, { "filename": "b.png", "size": 1 }]);
        let wanted = json!({ "model": "m", "image": image });
        assert_eq!(read(&format!("{all}--b--\r\n")), Some(wanted));
        assert_eq!(read(&all), None);
        assert_eq!(read("{}"), None);
        let twice = part("name=\"model\"", "m").repeat(2);
        assert_eq!(read(&format!("{twice}--b--")), None);
    }
}
