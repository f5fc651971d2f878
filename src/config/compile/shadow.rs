//! `models[].shadow`: copies that go to another entry, which must be there.

use super::Problems;
use crate::config::compiled::{Model, SHADOW, Shadow};
use crate::config::{glob, raw};

/// Once all models are known.
pub(super) fn compile(raw: &raw::Sluice, models: &mut [Model], problems: &mut Problems) {
    let find = |asked: &str| raw.models.iter().position(|m| glob::matches(&m.name, asked));
    for (i, (model, written)) in models.iter_mut().zip(&raw.models).enumerate() {
        let Some(shadow) = &written.shadow else { continue };
        let path = format!("models[{i}].shadow");
        match find(&shadow.model) {
            None => {
                let words = format!("`{}` is no entry of models; add it there", shadow.model);
                problems.add(format!("{path}.model"), words);
            }
            Some(own) if own == i => {
                problems.add(format!("{path}.model"), "is this entry itself; name another");
            }
            Some(_) => {}
        }
        // Not a number is not in it either.
        if !(shadow.percent > 0.0 && shadow.percent <= 100.0) {
            problems.add(format!("{path}.percent"), "must be above 0 and up to 100");
        }
        let named = raw.consumers.iter().flatten().any(|c| c.name == SHADOW);
        if named {
            let words = format!("counts its usage under the consumer `{SHADOW}`; rename yours");
            problems.add(path, words);
        }
        let share = shadow.percent / 100.0;
        model.shadow =
            Some(Shadow { model: shadow.model.clone(), up_to: (share * u64::MAX as f64) as u64 });
    }
}
