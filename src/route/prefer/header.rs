//! `x-sluice-route: models=a,b; order=vllm,openai; only=..; ignore=..; sort=price;
//! region=eu; tags=..; zdr=true; max-price=IN/OUT; allow-fallbacks=false`: a value's
//! names stand between commas, prices are USD per million tokens.

use super::{HEADER, Keep, MAX_MODELS, MAX_NAMES, Preferences, Wish, names, sort};
use crate::catalog::price;
use crate::error::Error;

pub(super) fn read(text: &str, into: &mut Preferences) -> Result<(), Error> {
    for said in text.split(';').map(str::trim).filter(|said| !said.is_empty()) {
        let Some((key, value)) = said.split_once('=') else {
            let words = format!("{HEADER} must be key=value; key=value");
            return Err(Error::invalid(HEADER, words));
        };
        member(key.trim(), value.trim(), into)?;
    }
    Ok(())
}

fn member(key: &str, value: &str, into: &mut Preferences) -> Result<(), Error> {
    let shown: String = key.chars().take(32).filter(|c| !c.is_control()).collect();
    let param = &*format!("{HEADER}.{shown}");
    let list = |max| names(param, max, value.split(',').map(|n| Some(n.trim().into())).collect());
    let flag = || match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Error::invalid(param.to_owned(), "must be true or false")),
    };
    let wish = match key {
        "models" => Wish::Models(list(MAX_MODELS)?),
        "order" => Wish::Order(list(MAX_NAMES)?),
        "only" => Wish::Keep(Keep::Named(list(MAX_NAMES)?)),
        "ignore" => Wish::Keep(Keep::NotNamed(list(MAX_NAMES)?)),
        "region" => Wish::Keep(Keep::Region(list(MAX_NAMES)?)),
        "tags" => {
            list(MAX_NAMES)?.into_iter().for_each(|t| into.add(param, Wish::Keep(Keep::Tagged(t))));
            return Ok(());
        }
        "sort" => sort(param, value)?,
        "zdr" if flag()? => Wish::Zdr,
        "allow-fallbacks" if !flag()? => Wish::Alone,
        "zdr" | "allow-fallbacks" => return Ok(()),
        "max-price" => Wish::Keep(max_price(param, value)?),
        _ => {
            let words = "is no preference; known: models, order, only, ignore, sort, region, tags, \
                         zdr, max-price, allow-fallbacks";
            return Err(Error::invalid(param.to_owned(), words));
        }
    };
    into.add(param, wish);
    Ok(())
}

/// `IN/OUT`; `IN` and `/OUT` say one of them.
fn max_price(param: &str, value: &str) -> Result<Keep, Error> {
    let (input, output) = value.split_once('/').unwrap_or((value, ""));
    let read = |text: &str| match text.trim() {
        "" => Ok(None),
        text => price::parse(text).map(Some).ok_or(()),
    };
    match (read(input), read(output)) {
        (Ok(input), Ok(output)) if input.is_some() || output.is_some() => {
            Ok(Keep::MaxPrice { input, output })
        }
        _ => {
            let words = "must be IN/OUT in USD per million tokens, such as 1.5/6";
            Err(Error::invalid(param.to_owned(), words))
        }
    }
}
