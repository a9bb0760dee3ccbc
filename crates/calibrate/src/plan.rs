//! A pack's questions and figures with names resolved, ready to be asked of many people.

use chrono::{Datelike as _, TimeDelta};
use twinlake_pack::{ConceptKey, Figure, Group, Key, Pack, Payer, PayerKind, Sex, Statistic, Test};
use twinlake_synth::simulate::{Model, Survey};
use twinlake_synth::timeline::Timeline;

use crate::tally::{DECADES, Gathered, Tally};

/// A test with its names resolved.
#[derive(Clone, Copy, Debug)]
enum Asked {
    Number(usize),
    Told(usize),
    Present(usize),
    Treated(usize),
    Taking(usize),
    Answer(ConceptKey),
    Visit(ConceptKey),
    Covered(PayerKind),
    Insured,
    Sex(Sex),
    Age,
}

#[derive(Clone, Copy, Debug)]
struct Resolved {
    asked: Asked,
    from: f64,
    below: f64,
    not: bool,
}

#[derive(Debug)]
struct Question {
    any: Vec<Vec<Resolved>>,
    recorded: Vec<ConceptKey>,
}

/// A number of a person.
#[derive(Clone, Copy, Debug)]
enum Number {
    Age,
    At(usize),
}

/// What a figure asks, by its statistic.
#[derive(Clone, Copy, Debug)]
enum Wanted {
    Share { question: usize, among: Option<usize> },
    Number { number: Number, among: Option<usize> },
    Pair { x: Number, y: Number },
    Odds { given: usize, outcome: usize },
    Visits(ConceptKey),
    Deaths,
}

#[derive(Debug)]
pub(crate) struct Planned<'a> {
    pub(crate) figure: &'a Figure,
    wanted: Wanted,
    group: Option<&'a Group>,
}

/// A pack's figures made ready for many people.
#[derive(Debug)]
pub struct Plan<'a> {
    model: &'a Model<'a>,
    questions: Vec<Question>,
    pub(crate) planned: Vec<Planned<'a>>,
}

const LINTED: &str = "the lint of the pack has looked it up";

/// A person as the figures see one.
struct Person<'p> {
    survey: &'p Survey,
    timeline: &'p Timeline,
    yes: Vec<bool>,
    recorded: Vec<bool>,
}

impl<'a> Plan<'a> {
    /// Resolves the names of the model's pack.
    pub fn new(model: &'a Model<'a>) -> Self {
        let pack = model.pack();
        let calibration = &pack.calibration;
        let concept = |key: Key| pack.key(&key).expect(LINTED);
        let resolve = |test: &Test| Resolved {
            asked: if let Some(key) = test.number {
                Asked::Number(model.number(&key).expect(LINTED))
            } else if let Some(key) = test.told {
                Asked::Told(model.chronic_condition(&key).expect(LINTED))
            } else if let Some(key) = test.present {
                Asked::Present(model.chronic_condition(&key).expect(LINTED))
            } else if let Some(key) = test.treated {
                Asked::Treated(model.chronic_condition(&key).expect(LINTED))
            } else if let Some(key) = test.taking {
                Asked::Taking(model.medication(&key).expect(LINTED))
            } else if let Some(key) = test.answer {
                Asked::Answer(concept(key))
            } else if let Some(key) = test.visit {
                Asked::Visit(concept(key))
            } else if let Some(kind) = test.covered {
                Asked::Covered(kind)
            } else if test.insured {
                Asked::Insured
            } else if let Some(sex) = test.sex {
                Asked::Sex(sex)
            } else {
                Asked::Age
            },
            from: test.from.unwrap_or(f64::NEG_INFINITY),
            below: test.below.unwrap_or(f64::INFINITY),
            not: test.not,
        };
        let questions = calibration.questions.iter().map(|question| Question {
            any: question.any.iter().map(|all| all.iter().map(resolve).collect()).collect(),
            recorded: question.recorded.iter().map(|&key| concept(key)).collect(),
        });
        let question = |key: Key| calibration.questions.iter().position(|item| item.key == key).expect(LINTED);
        let number =
            |key: Key| if *key == *"age" { Number::Age } else { Number::At(model.number(&key).expect(LINTED)) };
        let planned = calibration.figures.iter().map(|figure| Planned {
            figure,
            group: figure.group.and_then(|key| calibration.groups.iter().find(|group| group.key == key)),
            wanted: match figure.statistic {
                Statistic::Share | Statistic::AdjustedShare => {
                    Wanted::Share { question: question(figure.measure), among: figure.with.map(question) }
                }
                Statistic::Mean | Statistic::P10 | Statistic::P50 | Statistic::P90 => {
                    Wanted::Number { number: number(figure.measure), among: figure.with.map(question) }
                }
                Statistic::Pearson => Wanted::Pair { x: number(figure.measure), y: number(figure.with.expect(LINTED)) },
                Statistic::OddsRatio | Statistic::OddsRatioMh => {
                    Wanted::Odds { outcome: question(figure.measure), given: question(figure.with.expect(LINTED)) }
                }
                Statistic::VisitRate | Statistic::VisitDays => Wanted::Visits(concept(figure.measure)),
                Statistic::Death | Statistic::LifeExpectancy => Wanted::Deaths,
            },
        });
        Self { model, questions: questions.collect(), planned: planned.collect() }
    }

    /// The pack.
    pub fn pack(&self) -> &'a Pack {
        self.model.pack()
    }

    /// An empty tally.
    pub fn tally(&self) -> Tally {
        Tally::new(self.planned.iter().map(|planned| planned.figure.statistic))
    }

    /// Draws a patient, surveys them at the pack's reference date, and adds them to a tally of this plan.
    pub fn add(&self, tally: &mut Tally, seed: u64, patient: u64) {
        let (timeline, survey) = self.model.survey(seed, patient, self.pack().reference_date);
        tally.n_patients += 1;
        self.count_deaths(tally, &survey);
        let mut person = Person { survey: &survey, timeline: &timeline, yes: Vec::new(), recorded: Vec::new() };
        if survey.died.is_none() {
            tally.n_living += 1;
            for question in &self.questions {
                let yes = question.any.iter().any(|all| all.iter().all(|test| self.holds(&person, test)));
                person.yes.push(yes);
                let has = |concept: &ConceptKey| timeline.problems.iter().any(|problem| problem.concept == *concept);
                person.recorded.push(question.recorded.iter().any(has));
            }
        }
        for (planned, gathered) in self.planned.iter().zip(&mut tally.gathered) {
            self.gather(planned, gathered, &person);
        }
    }

    fn holds(&self, person: &Person<'_>, test: &Resolved) -> bool {
        let survey = person.survey;
        let within = |number: f64| test.from <= number && number < test.below;
        let held = match test.asked {
            Asked::Number(at) => survey.numbers[at].is_some_and(within),
            Asked::Told(at) => survey.told[at],
            Asked::Present(at) => survey.present[at],
            Asked::Treated(at) => survey.treated[at],
            Asked::Taking(at) => survey.takes[at],
            Asked::Answer(concept) => survey.answers.contains(&Some(concept)),
            Asked::Visit(concept) => {
                let since = self.pack().reference_date - TimeDelta::days(365);
                let mut visits = person.timeline.encounters.iter().rev();
                visits.any(|visit| visit.kind == concept && visit.start.date() > since)
            }
            Asked::Covered(kind) => self.is_covered(person, |payer| payer.kind == kind),
            Asked::Insured => self.is_covered(person, |_| true),
            Asked::Sex(sex) => survey.sex == sex,
            Asked::Age => within(f64::from(survey.age)),
        };
        held != test.not
    }

    fn is_covered(&self, person: &Person<'_>, by: impl Fn(&Payer) -> bool) -> bool {
        let pack = self.pack();
        let mut coverages = person.timeline.coverages.iter();
        coverages.any(|coverage| {
            coverage.is_in_force(pack.reference_date) && pack.payers.payer.get(coverage.payer).is_some_and(&by)
        })
    }

    fn gather(&self, planned: &Planned<'_>, gathered: &mut Gathered, person: &Person<'_>) {
        let survey = person.survey;
        let figure = planned.figure;
        let in_group = planned.group.is_none_or(|group| {
            (group.races.is_empty() || group.races.contains(&survey.race))
                && group.hispanic.is_none_or(|hispanic| hispanic == survey.hispanic)
        });
        let of_age = figure.age_low <= survey.age && figure.age_high.is_none_or(|high| survey.age <= high);
        let decade = usize::try_from(survey.age / 10).unwrap_or(0).min(DECADES - 1);
        if let (Gathered::Share(share), true, None) = (&mut *gathered, of_age, survey.died) {
            share.standard[decade] += 1.0;
        }
        if figure.sex.is_some_and(|sex| sex != survey.sex) || !in_group {
            return;
        }
        if let (Wanted::Visits(concept), Gathered::Visits(visits)) = (planned.wanted, &mut *gathered) {
            if of_age {
                let end = self.pack().reference_date;
                let since = end - TimeDelta::days(365);
                let until = survey.died.map_or(end, |died| died.min(end));
                let from = since.max(survey.entered);
                visits.years += f64::from(i32::try_from((until - from).num_days()).unwrap_or(0).max(0)) / 365.0;
                let of_kind = person.timeline.encounters.iter().filter(|visit| visit.kind == concept);
                for visit in of_kind.filter(|visit| visit.start.date() > since) {
                    visits.n += 1.0;
                    visits
                        .days
                        .add(f64::from(i32::try_from((visit.end - visit.start).num_minutes()).unwrap_or(0)) / 1440.0);
                }
            }
            return;
        }
        let alive = survey.died.is_none();
        if !alive {
            return;
        }
        let number = |number: Number| match number {
            Number::Age => Some(f64::from(survey.age)),
            Number::At(at) => survey.numbers[at],
        };
        let asked = |among: Option<usize>| among.is_none_or(|question| person.yes[question]);
        match (planned.wanted, gathered) {
            (Wanted::Share { question, among }, Gathered::Share(share)) if of_age && asked(among) => {
                share.by_decade[decade].add(person.yes[question]);
                if person.timeline.is_charted() {
                    share.charted.add(person.recorded[question]);
                }
            }
            (Wanted::Number { number: of, among }, gathered) if of_age && asked(among) => {
                let Some(value) = number(of) else { return };
                match gathered {
                    Gathered::Moments(moments) => moments.add(value),
                    Gathered::Values(values) => values.add(value),
                    _ => {}
                }
            }
            (Wanted::Pair { x, y }, Gathered::Pairs(pairs)) if of_age => {
                if let Some((x, y)) = number(x).zip(number(y)) {
                    pairs.add(x, y);
                }
            }
            (Wanted::Odds { given, outcome }, Gathered::Strata(strata)) if of_age => {
                strata[survey.sex as usize * DECADES + decade].add(person.yes[given], person.yes[outcome]);
            }
            _ => {}
        }
    }

    /// Years lived in the window, and deaths, by sex and completed years of age.
    fn count_deaths(&self, tally: &mut Tally, survey: &Survey) {
        let end = survey.died.unwrap_or(self.pack().reference_date);
        let born = survey.birth_date;
        let ages = &mut tally.ages[survey.sex as usize];
        let mut age = survey.entered.years_since(born).unwrap_or(0);
        let mut day = survey.entered;
        loop {
            let year = born.year() + i32::try_from(age).unwrap_or(0) + 1;
            // Someone born on 29 February has a birthday on 1 March of a short year.
            let birthday = born.with_year(year).or_else(|| born.succ_opt()?.with_year(year));
            let Some(birthday) = birthday else { return };
            let index = usize::try_from(age).unwrap_or(0).min(ages.len() - 1);
            let until = birthday.min(end);
            ages[index].years += f64::from(i32::try_from((until - day).num_days()).unwrap_or(0)) / 365.2425;
            if end < birthday {
                if survey.died.is_some() {
                    ages[index].deaths += 1.0;
                }
                return;
            }
            day = birthday;
            age += 1;
        }
    }
}
