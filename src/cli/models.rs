//! `sluice models`: the catalog for people, and the way a public price list into it.

use crate::catalog::{self, Listing, Mode, price};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

#[derive(clap::Args)]
pub struct Args {
    /// Only what this kind of provider serves, such as bedrock.
    #[arg(long)]
    provider: Option<String>,
    /// A part of a model's name; with --provider also any name that it goes by there,
    /// such as an ARN.
    filter: Option<String>,
    /// Print a public list (CSV) in the catalog's own form, for src/catalog/models.tsv.
    #[arg(long, value_name = "LIST.csv", conflicts_with_all = ["provider", "filter"])]
    import: Option<PathBuf>,
}

pub fn main(args: &Args) -> ExitCode {
    let text = match &args.import {
        None => Ok(markdown(args.provider.as_deref(), args.filter.as_deref())),
        Some(file) => std::fs::read_to_string(file)
            .map_err(|e| vec![e.to_string()])
            .and_then(|list| import(&list))
            .map_err(|problems| {
                problems.iter().map(|p| format!("{}: {p}", file.display())).collect::<Vec<_>>()
            }),
    };
    match text {
        Ok(text) if std::io::stdout().write_all(text.as_bytes()).is_ok() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problems) => {
            // Nowhere else to say it.
            let _ = writeln!(std::io::stderr(), "{}", problems.join("\n"));
            ExitCode::FAILURE
        }
    }
}

// === listing ===

/// The models of a kind whose names hold `filter`, as a table.
pub fn markdown(kind: Option<&str>, filter: Option<&str>) -> String {
    let part = filter.unwrap_or_default().to_ascii_lowercase();
    let mut rows: Vec<Listing> = catalog::all()
        .filter(|row| kind.is_none_or(|k| catalog::sections(k).any(|s| s == row.provider)))
        .filter(|row| row.model.to_ascii_lowercase().contains(&part))
        .collect();
    if rows.is_empty()
        && let (Some(kind), Some(name)) = (kind, filter)
    {
        rows.extend(catalog::find(kind, "", name));
    }
    let mut out = String::from(HEAD);
    for row in &rows {
        line(&mut out, row);
    }
    // Writing to a String cannot fail.
    let _ = writeln!(
        out,
        "\n{} models; prices {}, USD per million tokens; - is not listed.",
        rows.len(),
        catalog::VERSION
    );
    out
}

const HEAD: &str = "| provider | model | mode | input | output | cache read | write 5m | write 1h | input >200k | output >200k | reasoning | context | max output | can | retires |\n|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|---|\n";

fn line(out: &mut String, row: &Listing) {
    let mut cells =
        vec![row.provider.to_owned(), row.model.to_owned(), row.mode.as_str().to_owned()];
    let prices = row.price.map_or([None; 8], |p| p.columns());
    cells.extend(prices.map(|p| p.map_or_else(|| "-".to_owned(), price::per_million)));
    let tokens = [row.context, row.max_output];
    cells.extend(tokens.map(|n| n.map_or_else(|| "-".to_owned(), |n| n.to_string())));
    cells.push(row.abilities.iter().map(|a| a.as_str()).collect::<Vec<_>>().join(" "));
    cells.push(row.retires.to_owned());
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

// === import ===

/// The columns of the public list.
const COLUMNS: &str = "provider,model,mode,input_usd_per_mtok,output_usd_per_mtok,cache_read_usd_per_mtok,cache_write_5m_usd_per_mtok,cache_write_1h_usd_per_mtok,input_above_200k_usd_per_mtok,output_above_200k_usd_per_mtok,reasoning_usd_per_mtok,max_input_tokens,max_output_tokens,capabilities,deprecation_date";

/// The first line of the table.
const HEADING: &str = "# provider\tmodel\tflags\tinput\toutput\tcache_read\tcache_write\tcache_write_1h\tinput_above_200k\toutput_above_200k\treasoning\tcontext\tmax_output\tretires\n";

/// The list's providers that are not named as our kinds are.
const RENAMED: &[(&str, &str)] = &[
    ("bedrock_converse", "bedrock"),
    ("fireworks_ai", "fireworks"),
    ("jina_ai", "jina"),
    ("together_ai", "together"),
    ("vertex_ai", "vertex"),
    ("vertex_ai-anthropic_models", "vertex"),
    ("vertex_ai-embedding-models", "vertex"),
    ("vertex_ai-language-models", "vertex"),
    ("vertex_ai-mistral_models", "vertex"),
];

/// A row of the list in the making: prices, sizes and the date as they are written.
#[derive(Clone, PartialEq)]
struct Draft {
    model: String,
    mode: &'static str,
    abilities: Vec<char>,
    /// The eight prices.
    prices: [String; 8],
    sizes: [String; 2],
    retires: String,
}

/// A public list in the catalog's form. Rows for one model become one: a cell that
/// only one of them has is taken; a price that they contradict each other on is
/// believed of neither, and the smaller of two sizes is.
pub fn import(list: &str) -> Result<String, Vec<String>> {
    let mut lines = list.lines();
    if lines.next() != Some(COLUMNS) {
        return Err(vec![format!("the first line must be {COLUMNS}")]);
    }
    let mut rows: BTreeMap<String, (String, Draft)> = BTreeMap::new();
    let mut problems = Vec::new();
    for (i, text) in lines.enumerate() {
        match draft(text) {
            Ok((provider, draft)) => {
                let key = format!("{provider}\t{}", draft.model).to_ascii_lowercase();
                let merged = match rows.remove(&key) {
                    Some((_, earlier)) => earlier.merge(draft),
                    None => draft,
                };
                rows.insert(key, (provider, merged));
            }
            Err(problem) => problems.push(format!("line {}: {problem}", i + 2)),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut out = String::from(HEADING);
    for (provider, row) in rows.values() {
        let mut cells = vec![provider.clone(), row.model.clone(), row.flags()];
        cells.extend(row.prices.iter().chain(&row.sizes).cloned());
        cells.push(row.retires.clone());
        out.push_str(cells.join("\t").trim_end());
        out.push('\n');
    }
    Ok(out)
}

fn draft(text: &str) -> Result<(String, Draft), String> {
    let cells: Vec<&str> = text.split(',').collect();
    let [provider, model, mode, rest @ ..] = cells.as_slice() else { return Err(short()) };
    let [prices @ .., context, max_output, abilities, retires] = rest else { return Err(short()) };
    let prices: [&str; 8] = prices.try_into().map_err(|_| short())?;
    if model.is_empty() || !text.bytes().all(|b| (b' '..=b'~').contains(&b) && b != b'"') {
        return Err("a name or a character that the catalog cannot hold".to_owned());
    }
    let mode = Mode::ALL.iter().find(|m| m.as_str() == *mode).ok_or(format!("mode {mode}"))?;
    let abilities = abilities.split_whitespace().map(|name| {
        let known = catalog::Ability::ALL.iter().find(|a| a.as_str() == name);
        known.map(|a| a.flag()).ok_or(format!("capability {name}"))
    });
    let money = |text: &str| match text {
        "" => Ok(String::new()),
        _ => match price::parse(text) {
            Some(pico) if pico <= price::MAX => Ok(price::per_million(pico)),
            _ => Err(format!("price {text}")),
        },
    };
    let mut checked = [const { String::new() }; 8];
    for (cell, text) in checked.iter_mut().zip(prices) {
        *cell = money(text)?;
    }
    for size in [context, max_output] {
        if !size.is_empty() && size.parse::<u32>().is_err() {
            return Err(format!("size {size}"));
        }
    }
    let renamed = RENAMED.iter().find(|(theirs, _)| theirs == provider);
    let provider = renamed.map_or(*provider, |(_, ours)| ours).to_owned();
    Ok((
        provider,
        Draft {
            model: (*model).to_owned(),
            mode: mode.flag(),
            abilities: abilities.collect::<Result<_, _>>()?,
            prices: checked,
            sizes: [(*context).to_owned(), (*max_output).to_owned()],
            retires: (*retires).to_owned(),
        },
    ))
}

fn short() -> String {
    "has not as many cells as the first line".to_owned()
}

// === impl Draft ===

impl Draft {
    fn merge(mut self, other: Draft) -> Draft {
        for (mine, theirs) in self.prices.iter_mut().zip(other.prices) {
            if mine.is_empty() {
                *mine = theirs;
            } else if !theirs.is_empty() && *mine != theirs {
                mine.clear();
            }
        }
        for (mine, theirs) in self.sizes.iter_mut().zip(other.sizes) {
            let smaller = theirs.parse::<u32>().ok() < mine.parse().ok();
            if mine.is_empty() || (!theirs.is_empty() && smaller) {
                *mine = theirs;
            }
        }
        self.abilities.extend(other.abilities);
        if self.retires.is_empty() {
            self.retires = other.retires;
        }
        self
    }

    fn flags(&self) -> String {
        let has = |a: &&catalog::Ability| self.abilities.contains(&a.flag());
        let abilities = catalog::Ability::ALL.iter().filter(has).map(|a| a.flag());
        self.mode.chars().chain(abilities).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(rows: &[&str]) -> String {
        format!("{COLUMNS}\n{}\n", rows.join("\n"))
    }

    #[test]
    fn imports_and_merges() {
        let table = import(&list(&[
            "vertex_ai,B,chat,0.30,2.5,,,,,,,2000000,,vision tools,",
            "vertex_ai-language-models,b,chat,0.3,2.6,0.03,,,,,,1000000,8192,schema,2027-01-02",
            "openai,a,responses,0,,,,,,,,,,,",
        ]));
        assert_eq!(
            table.unwrap(),
            format!(
                "{HEADING}openai\ta\tR\t0\nvertex\tB\tCtvs\t0.3\t\t0.03\t\t\t\t\t\t1000000\t8192\t2027-01-02\n"
            )
        );
    }

    #[test]
    fn refuses_what_it_does_not_know() {
        for (row, words) in [
            ("openai,a", "not as many cells"),
            ("openai,a,chat,1e3,,,,,,,,,,,", "line 2: price 1e3"),
            ("openai,a,chat,0.0000001,,,,,,,,,,,", "price 0.0000001"),
            ("openai,a,chat,1,,,,,,,,-1,,,", "size -1"),
            ("openai,a,speech,1,,,,,,,,,,,", "mode speech"),
            ("openai,a,chat,1,,,,,,,,,,magic,", "capability magic"),
            ("openai,a\tb,chat,1,,,,,,,,,,,", "cannot hold"),
        ] {
            let problems = import(&list(&[row])).expect_err(row);
            assert!(problems.join("\n").contains(words), "{problems:?}");
        }
        assert!(import("x\n").unwrap_err()[0].contains("first line"));
    }

    #[test]
    fn the_committed_table_is_one_that_the_import_writes() {
        assert!(catalog::table::TEXT.starts_with(HEADING));
        assert!(catalog::table::TEXT.ends_with('\n') && catalog::table::TEXT.is_ascii());
    }

    #[test]
    fn lists_by_part_of_a_name_and_by_any_name() {
        let table = markdown(Some("anthropic"), Some("HAIKU-4-5"));
        assert!(
            table.contains("| anthropic | claude-haiku-4-5 | chat | 1 | 5 | 0.1 | 1.25 | 2 |"),
            "{table}"
        );
        let arn = "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-opus-4-8";
        let table = markdown(Some("bedrock"), Some(arn));
        assert!(table.contains("| us.anthropic.claude-opus-4-8 |"), "{table}");
        assert!(markdown(None, Some("no such model")).contains("\n0 models"));
    }
}
