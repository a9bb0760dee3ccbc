//! What came of it: each figure beside its target, each row's verdict, and how many rows of each family were met.

use std::fmt::Write as _;

use serde::Serialize;
use twinlake_pack::{Figure, Sex, Statistic};

use crate::plan::Plan;
use crate::statistics::{
    Table2x2, YEARS_FLOOR, farthest_count, tolerance_of_correlation, tolerance_of_mean, tolerance_of_odds,
    tolerance_of_rate, tolerance_of_share,
};
use crate::tally::{Age, Gathered, Shares, Tally};

/// Rows whose figures come from fewer people do not count.
const FEWEST: u32 = 100;

/// A comparison, for programs and people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// Name of the pack.
    pub pack: String,
    /// Hash of the pack.
    pub pack_hash: String,
    /// Seed of the cohort.
    pub seed: u64,
    /// Patients drawn.
    pub patients: u64,
    /// Those of them alive at the pack's reference date; figures are of them.
    pub living: u64,
    /// Rows that count.
    pub rows: u32,
    /// Rows that count and are met.
    pub met: u32,
    /// Rows that would count and cannot be compared.
    pub excluded: u32,
    /// The same, by family.
    pub families: Vec<Family>,
    /// All rows, by family and line.
    pub cells: Vec<Row>,
    /// What is left out, and why.
    pub exclusions: Vec<Omission>,
}

/// A file of figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Family {
    /// Name of the file without its extension.
    pub name: String,
    /// Rows that count.
    pub rows: u32,
    /// Rows that count and are met.
    pub met: u32,
}

/// A published row.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// Name.
    pub row: String,
    /// Its family.
    pub family: String,
    /// Whether it counts: grade A, from at least 100 people where that is said.
    pub counts: bool,
    /// Whether all its figures that count are met.
    pub met: bool,
    /// Its figures.
    pub figures: Vec<Outcome>,
}

/// A figure beside its target.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// What is measured.
    pub measure: String,
    /// The other number, the given condition, or who is counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<String>,
    /// What is computed.
    pub statistic: &'static str,
    /// `female`, `male` or `both`.
    pub sex: &'static str,
    /// Ages, e.g. `20-39` or `60+`.
    pub ages: String,
    /// Group of people, when not everybody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Published figure.
    pub target: f64,
    /// Figure of the generated population; none when nobody is in the cell.
    pub achieved: Option<f64>,
    /// What the charts hold of it, where a problem list says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recorded: Option<f64>,
    /// Generated people, pairs or person-years in the cell.
    pub n: f64,
    /// How far off is still a hit, in the figure's unit; of an odds ratio the factor.
    pub tolerance: f64,
    /// Where the target is from.
    pub source: String,
    /// How sure it is.
    pub grade: String,
    /// Whether the row's verdict hangs on it.
    pub counts: bool,
    /// Whether it is met.
    pub met: bool,
}

/// Rows that are left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Omission {
    /// What they measure.
    pub measure: String,
    /// How many.
    pub rows: u32,
    /// Where they are from.
    pub source: String,
    /// How sure they are.
    pub grade: String,
    /// Why they are left out.
    pub reason: String,
}

/// What a tally of this plan comes to.
pub fn report(plan: &Plan<'_>, tally: &Tally, seed: u64) -> Report {
    let pack = plan.pack();
    let mut cells: Vec<Row> = Vec::new();
    for (planned, gathered) in plan.planned.iter().zip(&tally.gathered) {
        let figure = planned.figure;
        let outcome = outcome(figure, gathered, tally);
        let last = cells.last_mut().filter(|row| row.row == *figure.row && row.family == figure.family);
        if let Some(row) = last {
            row.met &= outcome.met || !outcome.counts;
            row.figures.push(outcome);
        } else {
            cells.push(Row {
                row: figure.row.to_string(),
                family: figure.family.to_owned(),
                counts: is_sure(&figure.grade) && figure.n.is_none_or(|n| n >= FEWEST),
                met: outcome.met || !outcome.counts,
                figures: vec![outcome],
            });
        }
    }
    let mut families: Vec<Family> = Vec::new();
    for row in cells.iter().filter(|row| row.counts) {
        if families.last().is_none_or(|family| family.name != row.family) {
            families.push(Family { name: row.family.clone(), rows: 0, met: 0 });
        }
        if let Some(family) = families.last_mut() {
            family.rows += 1;
            family.met += u32::from(row.met);
        }
    }
    let exclusions = pack.calibration.exclusions.iter().map(|exclusion| Omission {
        measure: exclusion.measure.to_string(),
        rows: exclusion.rows,
        source: exclusion.source.to_string(),
        grade: exclusion.grade.to_string(),
        reason: exclusion.reason.to_string(),
    });
    let exclusions: Vec<Omission> = exclusions.collect();
    Report {
        pack: pack.name.to_owned(),
        pack_hash: pack.hash().to_owned(),
        seed,
        patients: tally.n_patients,
        living: tally.n_living,
        rows: families.iter().map(|family| family.rows).sum(),
        met: families.iter().map(|family| family.met).sum(),
        excluded: exclusions.iter().filter(|item| is_sure(&item.grade)).map(|item| item.rows).sum(),
        families,
        cells,
        exclusions,
    }
}

fn is_sure(grade: &str) -> bool {
    grade == "A" || grade.starts_with("A-")
}

fn outcome(figure: &Figure, gathered: &Gathered, tally: &Tally) -> Outcome {
    let target = figure.value;
    let se = figure.se.unwrap_or(0.0);
    let mut recorded = None;
    let (achieved, n, tolerance) = match gathered {
        Gathered::Share(shares) => {
            recorded = shares.charted.percent().filter(|_| shares.charted.yes > 0.0);
            let n = shares.by_decade.iter().map(|counted| counted.n).sum();
            let achieved = if figure.statistic == Statistic::AdjustedShare { adjusted(shares) } else { crude(shares) };
            (achieved, n, tolerance_of_share(target, se, n, figure.tolerance))
        }
        Gathered::Moments(moments) => {
            let (variance, n) = (moments.variance().unwrap_or(0.0), moments.n);
            (moments.mean(), n, tolerance_of_mean(target, se, variance, n, figure.tolerance))
        }
        Gathered::Values(values) => {
            let share = match figure.statistic {
                Statistic::P10 => 0.1,
                Statistic::P50 => 0.5,
                _ => 0.9,
            };
            (values.quantile(share), values.n(), tolerance_of_mean(target, se, 0.0, 0.0, figure.tolerance))
        }
        Gathered::Pairs(pairs) => (pairs.pearson(), pairs.x.n, tolerance_of_correlation(target, figure.n, pairs.x.n)),
        Gathered::Strata(strata) => {
            let mut whole = Table2x2::default();
            for stratum in strata {
                whole.merge(stratum);
            }
            let achieved = if figure.statistic == Statistic::OddsRatio {
                whole.odds_ratio()
            } else {
                Table2x2::mantel_haenszel(strata)
            };
            let tolerance = libm::exp(tolerance_of_odds(se, whole.standard_error().unwrap_or(0.0)));
            (achieved, whole.n(), tolerance)
        }
        Gathered::Visits(visits) if figure.statistic == Statistic::VisitDays => {
            let (variance, n) = (visits.days.variance().unwrap_or(0.0), visits.days.n);
            (visits.days.mean(), n, tolerance_of_mean(target, se, variance, n, figure.tolerance))
        }
        Gathered::Visits(visits) => {
            let achieved = (visits.years > 0.0).then(|| 100.0 * visits.n / visits.years);
            let own = if visits.years > 0.0 { 100.0 * visits.n.sqrt() / visits.years } else { 0.0 };
            (achieved, visits.years, tolerance_of_rate(target, se, own, figure.tolerance))
        }
        Gathered::Deaths => deaths(figure, tally),
    };
    let met = achieved.is_some_and(|achieved| match figure.statistic {
        Statistic::OddsRatio | Statistic::OddsRatioMh => {
            achieved > 0.0 && libm::log(achieved / target).abs() <= libm::log(tolerance)
        }
        _ => (achieved - target).abs() <= tolerance,
    });
    Outcome {
        measure: figure.measure.to_string(),
        with: figure.with.map(|key| key.to_string()),
        statistic: name(figure.statistic),
        sex: figure.sex.map_or("both", |sex| if sex == Sex::Female { "female" } else { "male" }),
        ages: figure.age_high.map_or_else(
            || format!("{}+", figure.age_low),
            |high| if high == figure.age_low { high.to_string() } else { format!("{}-{high}", figure.age_low) },
        ),
        group: figure.group.map(|key| key.to_string()),
        target,
        achieved,
        recorded,
        n,
        tolerance,
        source: figure.source.to_string(),
        grade: figure.grade.to_string(),
        counts: figure.statistic.counts(),
        met,
    }
}

fn crude(shares: &Shares) -> Option<f64> {
    let n: f64 = shares.by_decade.iter().map(|counted| counted.n).sum();
    let yes: f64 = shares.by_decade.iter().map(|counted| counted.yes).sum();
    (n > 0.0).then(|| 100.0 * yes / n)
}

/// The share with the ages of everybody; decades that nobody of the cell is in do not weigh.
fn adjusted(shares: &Shares) -> Option<f64> {
    let (mut weighted, mut weights) = (0.0, 0.0);
    for (counted, weight) in shares.by_decade.iter().zip(&shares.standard) {
        if let Some(percent) = counted.percent() {
            weighted += percent * weight;
            weights += weight;
        }
    }
    (weights > 0.0).then(|| weighted / weights)
}

/// Probability of dying within a year of age, or life expectancy, with person-years and tolerance.
fn deaths(figure: &Figure, tally: &Tally) -> (Option<f64>, f64, f64) {
    let ages: Vec<Age> = if let Some(sex) = figure.sex {
        tally.ages[sex as usize].clone()
    } else {
        let pairs = tally.ages[0].iter().zip(&tally.ages[1]);
        pairs.map(|(a, b)| Age { years: a.years + b.years, deaths: a.deaths + b.deaths }).collect()
    };
    let dies = |age: &Age| (age.years > 0.0).then(|| -libm::expm1(-age.deaths / age.years));
    let se = figure.se.unwrap_or(0.0);
    if figure.statistic == Statistic::Death {
        let age = ages.get(usize::try_from(figure.age_low).unwrap_or(usize::MAX)).copied().unwrap_or_default();
        // Deaths are few: what chance allows is counted out, not taken from a normal curve.
        let by_chance = if age.years > 0.0 {
            let expected = -age.years * (-figure.value).ln_1p();
            let allowed = Age { deaths: farthest_count(expected, age.deaths > expected), ..age };
            dies(&allowed).map_or(0.0, |allowed| (allowed - figure.value).abs())
        } else {
            0.0
        };
        // A tenth, as of other rates, where the sampling error is less.
        let tolerance = by_chance.max(2.0 * se).max(figure.tolerance.unwrap_or(0.1 * figure.value));
        return (dies(&age), age.years, tolerance);
    }
    let (mut alive, mut years) = (1.0, 0.0);
    for age in &ages {
        let q = dies(age).unwrap_or(1.0);
        years += alive * (1.0 - q / 2.0);
        alive *= 1.0 - q;
    }
    let lived: f64 = ages.iter().map(|age| age.years).sum();
    ((lived > 0.0).then_some(years), lived, figure.tolerance.unwrap_or(YEARS_FLOOR))
}

const fn name(statistic: Statistic) -> &'static str {
    match statistic {
        Statistic::Share => "share",
        Statistic::AdjustedShare => "adjusted-share",
        Statistic::Mean => "mean",
        Statistic::P10 => "p10",
        Statistic::P50 => "p50",
        Statistic::P90 => "p90",
        Statistic::Pearson => "pearson",
        Statistic::OddsRatio => "odds-ratio",
        Statistic::OddsRatioMh => "odds-ratio-mh",
        Statistic::VisitRate => "visit-rate",
        Statistic::VisitDays => "visit-days",
        Statistic::Death => "death",
        Statistic::LifeExpectancy => "life-expectancy",
    }
}

fn number(value: f64) -> String {
    let decimals = match value.abs() {
        size if size < 0.095 => 4,
        size if size < 0.95 => 3,
        _ => 2,
    };
    format!("{value:.decimals$}")
}

fn percent(part: u32, whole: u32) -> f64 {
    if whole == 0 { 0.0 } else { 100.0 * f64::from(part) / f64::from(whole) }
}

impl Outcome {
    fn verdict(&self) -> &'static str {
        match (self.met, self.counts) {
            (true, _) => "met",
            (false, true) => "MISSED",
            (false, false) => "off",
        }
    }

    fn what(&self) -> String {
        let mut text = self.measure.clone();
        if let Some(with) = &self.with {
            let _ = write!(text, " | {with}");
        }
        if let Some(group) = &self.group {
            let _ = write!(text, " | {group}");
        }
        text
    }

    fn fields(&self) -> [String; 5] {
        let optional = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), number);
        [
            number(self.target),
            optional(self.achieved),
            optional(self.recorded),
            format!("{:.0}", self.n),
            number(self.tolerance),
        ]
    }
}

impl Report {
    fn summary(&self) -> String {
        format!(
            "{} of {} rows met ({:.1} %); {} rows excluded ({:.1} % of all); {} patients of seed {}, {} living; pack {} {}",
            self.met,
            self.rows,
            percent(self.met, self.rows),
            self.excluded,
            percent(self.excluded, self.rows + self.excluded),
            self.patients,
            self.seed,
            self.living,
            self.pack,
            self.pack_hash.get(..12).unwrap_or(&self.pack_hash),
        )
    }

    /// As lines of text.
    pub fn table(&self) -> String {
        let mut text = String::new();
        let _ = writeln!(
            text,
            "{:<62}{:<16}{:<8}{:<8}{:>9}{:>9}{:>9}{:>8}{:>9}  {:<8}source",
            "measure", "statistic", "sex", "ages", "target", "achieved", "charted", "n", "tol", "verdict"
        );
        for outcome in self.cells.iter().flat_map(|row| &row.figures) {
            let [target, achieved, recorded, n, tolerance] = outcome.fields();
            let _ = writeln!(
                text,
                "{:<62}{:<16}{:<8}{:<8}{target:>9}{achieved:>9}{recorded:>9}{n:>8}{tolerance:>9}  {:<8}{} {}",
                outcome.what(),
                outcome.statistic,
                outcome.sex,
                outcome.ages,
                outcome.verdict(),
                outcome.source,
                outcome.grade,
            );
        }
        text.push('\n');
        for omission in &self.exclusions {
            let _ = writeln!(
                text,
                "left out: {} rows of {} ({} {}): {}",
                omission.rows, omission.measure, omission.source, omission.grade, omission.reason
            );
        }
        text.push('\n');
        for family in &self.families {
            let share = percent(family.met, family.rows);
            let _ =
                writeln!(text, "{:<32}{:>6} of {:>4} rows met  {share:>5.1} %", family.name, family.met, family.rows);
        }
        let _ = writeln!(text, "{}", self.summary());
        text
    }

    /// As a page that needs no other file.
    pub fn html(&self) -> String {
        let mut page = String::from(
            "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Calibration</title>\n<style>\n\
             body{font:14px/1.5 system-ui,sans-serif;margin:2rem;color:#222}\n\
             table{border-collapse:collapse;margin:.5rem 0 1.5rem}\n\
             th,td{padding:.15rem .6rem;border-bottom:1px solid #ddd;text-align:left;vertical-align:top}\n\
             td.number{text-align:right;font-variant-numeric:tabular-nums}\n\
             tr.missed td{background:#fdecea}\ntr.off td{color:#777}\nsummary{font-size:1.1rem;cursor:pointer}\n\
             </style>\n</head>\n<body>\n<h1>Calibration</h1>\n",
        );
        let _ = writeln!(page, "<p>{}</p>", escape(&self.summary()));
        page.push_str("<table><tr><th>family</th><th>rows</th><th>met</th><th>%</th></tr>\n");
        for family in &self.families {
            let _ = writeln!(
                page,
                "<tr><td>{}</td><td class=\"number\">{}</td><td class=\"number\">{}</td><td class=\"number\">{:.1}</td></tr>",
                escape(&family.name),
                family.rows,
                family.met,
                percent(family.met, family.rows)
            );
        }
        page.push_str("</table>\n");
        let mut families: Vec<&str> = self.cells.iter().map(|row| row.family.as_str()).collect();
        families.dedup();
        for family in families {
            let _ = writeln!(
                page,
                "<details><summary>{}</summary>\n<table><tr><th>measure</th><th>statistic</th><th>sex</th><th>ages</th>\
                 <th>target</th><th>achieved</th><th>in charts</th><th>n</th><th>tolerance</th><th>verdict</th>\
                 <th>source</th></tr>",
                escape(family)
            );
            let figures = self.cells.iter().filter(|row| row.family == family).flat_map(|row| &row.figures);
            for outcome in figures {
                let _ = write!(
                    page,
                    "<tr class=\"{}\"><td>{}</td><td>{}</td><td>{}</td><td>{}</td>",
                    outcome.verdict().to_lowercase(),
                    escape(&outcome.what()),
                    outcome.statistic,
                    outcome.sex,
                    outcome.ages
                );
                for field in outcome.fields() {
                    let _ = write!(page, "<td class=\"number\">{field}</td>");
                }
                let source = escape(&format!("{} {}", outcome.source, outcome.grade));
                let _ = writeln!(page, "<td>{}</td><td>{source}</td></tr>", outcome.verdict());
            }
            page.push_str("</table></details>\n");
        }
        page.push_str(
            "<h2>Left out</h2>\n<table><tr><th>rows</th><th>measure</th><th>source</th><th>reason</th></tr>\n",
        );
        for omission in &self.exclusions {
            let _ = writeln!(
                page,
                "<tr><td class=\"number\">{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
                omission.rows,
                escape(&omission.measure),
                escape(&omission.source),
                escape(&omission.reason)
            );
        }
        page.push_str("</table>\n</body>\n</html>\n");
        page
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
