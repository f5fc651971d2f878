//! The time of a signature, in UTC, as AWS writes it.

/// A moment, to the second.
pub(super) struct Stamp {
    year: u64,
    month: u64,
    day: u64,
    second_of_day: u64,
}

const DAY: u64 = 86_400;

// === impl Stamp ===

impl Stamp {
    /// Of Unix seconds, by Howard Hinnant's `civil_from_days`
    /// (<https://howardhinnant.github.io/date_algorithms.html>): years that begin in
    /// March, in eras of 400 years.
    pub(super) fn of(now: u64) -> Self {
        let days = now / DAY + 719_468;
        let day_of_era = days % 146_097;
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: year_of_era + days / 146_097 * 400 + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            second_of_day: now % DAY,
        }
    }

    /// `20150830`
    pub(super) fn date(&self) -> String {
        format!("{:04}{:02}{:02}", self.year, self.month, self.day)
    }

    /// `20150830T123600Z`
    pub(super) fn time(&self) -> String {
        let s = self.second_of_day;
        format!("{}T{:02}{:02}{:02}Z", self.date(), s / 3600, s / 60 % 60, s % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::Stamp;

    #[test]
    fn writes_utc() {
        for (now, time) in [
            (0, "19700101T000000Z"),
            (951_782_400, "20000229T000000Z"),
            (1_440_938_160, "20150830T123600Z"),
            (1_709_251_199, "20240229T235959Z"),
            (1_709_251_200, "20240301T000000Z"),
            (1_767_225_599, "20251231T235959Z"),
            (4_107_542_400, "21000301T000000Z"),
        ] {
            assert_eq!(Stamp::of(now).time(), time);
        }
    }
}
