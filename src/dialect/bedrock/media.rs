//! Images, documents, sounds and films in messages.
//!
//! Base64 is copied, never decoded. Bedrock fetches nothing but objects in S3.
//! A document's name may hold letters, digits, single spaces, hyphens, parentheses
//! and brackets, and no two of a request may be equal; the names made here depend on
//! nothing but the order of the documents, so that a prompt cache stays warm.
//!
//! Spec: <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ImageBlock.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_DocumentBlock.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_AudioBlock.html>,
//! <https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_VideoBlock.html>.

use super::content::{Blocks, Context, Owner};
use crate::dialect::loss::Dropped;
use crate::dialect::openai::media::{self, Data, Link, Media};
use crate::dialect::openai::read::Value;
use crate::error::Error;
use crate::wire::json;

/// The names of the documents so far.
#[derive(Debug, Default)]
pub(super) struct Documents(Vec<String>);

/// Media types and Bedrock's words for them.
const DOCUMENTS: &[(&str, &str)] = &[
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/html", "html"),
    ("text/markdown", "md"),
    ("text/x-markdown", "md"),
    ("application/json", "txt"),
    ("application/xml", "txt"),
];
const VIDEOS: &[(&str, &str)] = &[
    ("video/x-matroska", "mkv"),
    ("video/quicktime", "mov"),
    ("video/mp4", "mp4"),
    ("video/webm", "webm"),
    ("video/x-flv", "flv"),
    ("video/mpeg", "mpeg"),
    ("video/x-ms-wmv", "wmv"),
    ("video/3gpp", "three_gp"),
];
const SOUNDS: &[(&str, &str)] = &[
    ("audio/mp3", "mp3"),
    ("audio/mpeg", "mp3"),
    ("audio/opus", "opus"),
    ("audio/wav", "wav"),
    ("audio/x-wav", "wav"),
    ("audio/aac", "aac"),
    ("audio/flac", "flac"),
    ("audio/mp4", "mp4"),
    ("audio/m4a", "m4a"),
    ("audio/ogg", "ogg"),
    ("audio/webm", "webm"),
    ("audio/pcm", "pcm"),
    ("audio/pcm16", "pcm"),
];

/// The longest name made, in bytes: the API takes 200.
const MAX_NAME: usize = 180;

pub(super) fn image(
    part: &Value<'_, '_>,
    blocks: &mut Blocks,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    match media::image(part, dropped)? {
        Media::Data(data) => image_data(&data, blocks),
        Media::Url(link) => image_in_s3(&link, blocks),
    }
}

/// A file, and whatever it is.
pub(super) fn file(
    part: &Value<'_, '_>,
    owner: Owner,
    blocks: &mut Blocks,
    context: &mut Context<'_>,
) -> Result<(), Error> {
    let file = media::file(part, context.dropped)?;
    let data = &file.data;
    if data.is_image() {
        return image_data(data, blocks);
    }
    if let Some(format) = find(VIDEOS, &data.mime) {
        block("video", format, data, blocks);
        return Ok(());
    }
    if let Some(format) = find(SOUNDS, &data.mime).filter(|_| owner == Owner::User) {
        block("audio", format, data, blocks);
        return Ok(());
    }
    let format = find(DOCUMENTS, &data.mime)
        .or_else(|| data.mime.starts_with("text/").then_some("txt"))
        .ok_or_else(|| {
            data.error("only PDF, Office, text, image, audio and video files are carried")
        })?;
    let name = file.name.and_then(json::text).unwrap_or_default();
    let name = context.documents.name(&name);
    let out = blocks.written.item();
    out.extend_from_slice(br#"{"document":{"format":"#);
    json::push_text(out, format);
    out.extend_from_slice(br#","name":"#);
    json::push_text(out, &name);
    out.extend_from_slice(br#","source":{"bytes":"#);
    data.push_base64(out);
    out.extend_from_slice(b"}}}");
    blocks.has_document = true;
    Ok(())
}

pub(super) fn audio(
    part: &Value<'_, '_>,
    blocks: &mut Blocks,
    dropped: &mut Dropped,
) -> Result<(), Error> {
    let data = media::audio(part, dropped)?;
    let Some(format) = find(SOUNDS, &data.mime) else {
        return Err(data.error("is in a format that is not carried"));
    };
    block("audio", format, &data, blocks);
    Ok(())
}

fn find(table: &[(&str, &'static str)], mime: &str) -> Option<&'static str> {
    table.iter().find(|(own, _)| *own == mime).map(|(_, word)| *word)
}

fn image_data(data: &Data<'_>, blocks: &mut Blocks) -> Result<(), Error> {
    match data.mime.strip_prefix("image/").filter(|_| data.is_image()) {
        Some(format) => {
            block("image", format, data, blocks);
            Ok(())
        }
        None => Err(data.error("images must be JPEG, PNG, GIF or WebP")),
    }
}

fn image_in_s3(link: &Link<'_>, blocks: &mut Blocks) -> Result<(), Error> {
    if !link.text.starts_with("s3://") {
        return Err(link.error("Bedrock fetches no URLs: send the image as a data: URL"));
    }
    let extension = link.text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase();
    let format = match extension.as_str() {
        "jpg" | "jpeg" => "jpeg",
        "png" => "png",
        "gif" => "gif",
        "webp" => "webp",
        _ => return Err(link.error("must end in .jpg, .png, .gif or .webp")),
    };
    let out = blocks.written.item();
    out.extend_from_slice(br#"{"image":{"format":"#);
    json::push_text(out, format);
    out.extend_from_slice(br#","source":{"s3Location":{"uri":"#);
    out.extend_from_slice(link.raw);
    out.extend_from_slice(b"}}}}");
    Ok(())
}

fn block(kind: &str, format: &str, data: &Data<'_>, blocks: &mut Blocks) {
    let out = blocks.written.item();
    out.push(b'{');
    json::push_text(out, kind);
    out.extend_from_slice(br#":{"format":"#);
    json::push_text(out, format);
    out.extend_from_slice(br#","source":{"bytes":"#);
    data.push_base64(out);
    out.extend_from_slice(b"}}}");
}

// === impl Documents ===

impl Documents {
    /// A name the API takes, made of the file's own.
    fn name(&mut self, file: &str) -> String {
        let mut plain = String::new();
        for c in file.chars() {
            let c = if c.is_ascii_alphanumeric() || "()[]-".contains(c) {
                c
            } else if c.is_whitespace() {
                ' '
            } else {
                '-'
            };
            if plain.len() < MAX_NAME && !(c == ' ' && plain.ends_with(' ')) {
                plain.push(c);
            }
        }
        let plain = match plain.trim_matches([' ', '-']) {
            "" => "document",
            plain => plain,
        };
        // Case alone does not tell two names apart.
        let taken = |name: &str, all: &[String]| all.iter().any(|n| n.eq_ignore_ascii_case(name));
        let mut name = plain.to_owned();
        let mut count = 1;
        while taken(&name, &self.0) {
            count += 1;
            name = format!("{plain}-{count}");
        }
        self.0.push(name.clone());
        name
    }
}

#[cfg(test)]
mod tests {
    use super::Documents;

    #[test]
    fn names_are_plain_and_unlike_each_other() {
        let mut documents = Documents::default();
        for (file, name) in [
            ("report.pdf", "report-pdf"),
            ("REPORT.pdf", "REPORT-pdf-2"),
            ("report-pdf", "report-pdf-3"),
            ("", "document"),
            ("\u{6587}\u{66f8}", "document-2"),
            ("a \t  b_(1)[2].md", "a b-(1)[2]-md"),
        ] {
            assert_eq!(documents.name(file), name);
        }
        assert!(documents.name(&"x".repeat(500)).len() <= 200);
    }
}
