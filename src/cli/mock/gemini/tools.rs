//! Reads `tools` and `toolConfig`.

use serde_json::Value;

use crate::cli::mock::answer::{Ask, Choice, Tool};
use crate::cli::mock::vendor::Failure;

use super::config::json_schema;
use super::fields::{Object, array, bad, get, object, only, string, sub};

pub(super) fn read<'a>(body: &'a Object, ask: &mut Ask<'a>) -> Result<(), Failure> {
    for (n, tool) in array(body, "", "tools")?.iter().enumerate() {
        let path = format!("tools[{n}]");
        let tool = object(tool, &path)?;
        only(tool, &path, TOOL)?;
        let list = array(tool, &path, "functionDeclarations")?;
        for (m, function) in list.iter().enumerate() {
            let path = format!("{path}.function_declarations[{m}]");
            let read = declaration(object(function, &path)?, &path)?;
            if ask.tools.iter().any(|t| t.name == read.name) {
                return Err(Failure::bad(format!(
                    "Duplicate function declaration found: {}",
                    read.name
                )));
            }
            ask.tools.push(read);
        }
    }
    choice(body, ask)
}

fn declaration<'a>(function: &'a Object, path: &str) -> Result<Tool<'a>, Failure> {
    only(function, path, FUNCTION)?;
    let name = string(function, path, "name")?.unwrap_or_default();
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':' | '-');
    if !name.starts_with(first) || !name.chars().all(fits) || name.len() > 128 {
        let problem = "Invalid function name. Must start with a letter or an underscore. Must be \
                       alphanumeric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or \
                       dashes (-), with a maximum length of 128.";
        return Err(bad(&format!("{path}.name"), problem));
    }
    string(function, path, "description")?;
    let (own, json) = (get(function, "parameters"), get(function, "parametersJsonSchema"));
    let schema = match (own, json) {
        (Some(_), Some(_)) => {
            let problem = "parameters and parameters_json_schema cannot both be set.";
            return Err(bad(path, problem));
        }
        (Some(own), None) => {
            openapi(own, &format!("{path}.parameters"))?;
            own
        }
        (None, Some(json)) => {
            json_schema(json, &format!("{path}.parameters_json_schema"))?;
            if json.get("type") != Some(&Value::from("object")) {
                let problem = "schema should be of type OBJECT.";
                return Err(bad(&format!("{path}.parameters_json_schema"), problem));
            }
            json
        }
        (None, None) => &Value::Null,
    };
    Ok(Tool { name, schema })
}

/// The narrower schemas of `parameters`: a keyword more, and all is refused.
fn openapi(schema: &Value, path: &str) -> Result<(), Failure> {
    let schema = object(schema, path)?;
    only(schema, path, SCHEMA)?;
    if let Some(Value::Object(properties)) = schema.get("properties") {
        for (name, inner) in properties {
            openapi(inner, &format!("{path}.properties[{name}]"))?;
        }
    }
    if let Some(items) = schema.get("items") {
        openapi(items, &format!("{path}.items"))?;
    }
    for (n, inner) in array(schema, path, "anyOf")?.iter().enumerate() {
        openapi(inner, &format!("{path}.any_of[{n}]"))?;
    }
    Ok(())
}

fn choice<'a>(body: &'a Object, ask: &mut Ask<'a>) -> Result<(), Failure> {
    let known = ["functionCallingConfig", "retrievalConfig", "includeServerSideToolInvocations"];
    let Some(config) = sub(body, "", "toolConfig", &known)? else { return Ok(()) };
    let known = ["mode", "allowedFunctionNames", "streamFunctionCallArguments"];
    let path = "tool_config.function_calling_config";
    let Some(calling) = sub(config, "tool_config", "functionCallingConfig", &known)? else {
        return Ok(());
    };
    let mode = string(calling, path, "mode")?.unwrap_or("AUTO");
    let allowed = array(calling, path, "allowedFunctionNames")?;
    if !allowed.is_empty() && !matches!(mode, "ANY" | "VALIDATED") {
        let problem = "allowed_function_names should only be set when mode is ANY or VALIDATED.";
        return Err(bad(path, problem));
    }
    let mut names = Vec::new();
    for name in allowed {
        let name = name.as_str().unwrap_or_default();
        if !ask.tools.iter().any(|t| t.name == name) {
            let problem = format!("allowed function '{name}' is not declared.");
            return Err(bad(path, &problem));
        }
        names.push(name);
    }
    ask.choice = match (mode, names.first()) {
        ("AUTO" | "VALIDATED" | "MODE_UNSPECIFIED", _) => Choice::Auto,
        ("NONE", _) => Choice::None,
        ("ANY", _) if ask.tools.is_empty() => {
            return Err(Failure::bad(
                "Function calling config is set without function_declarations.",
            ));
        }
        ("ANY", Some(name)) => Choice::Named(name),
        ("ANY", None) => Choice::Any,
        _ => return Err(bad(path, "unknown mode.")),
    };
    Ok(())
}

const TOOL: &[&str] = &[
    "codeExecution",
    "computerUse",
    "enterpriseWebSearch",
    "fileSearch",
    "functionDeclarations",
    "googleMaps",
    "googleSearch",
    "googleSearchRetrieval",
    "retrieval",
    "urlContext",
];
const FUNCTION: &[&str] = &[
    "behavior",
    "description",
    "name",
    "parameters",
    "parametersJsonSchema",
    "response",
    "responseJsonSchema",
];
const SCHEMA: &[&str] = &[
    "anyOf",
    "default",
    "description",
    "enum",
    "example",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "nullable",
    "pattern",
    "properties",
    "propertyOrdering",
    "required",
    "title",
    "type",
];
