//! [`MustSupport`]: how often what US Core must support is there, profile by profile.
//!
//! *Must support* asks a system to fill an element when it knows the value, not that every resource has it. So this is a score
//! and no rule: an element that no resource has is worth a look.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use twinlake_fhir::{Cursor, Kind};

/// Where US Core's profiles are named.
const BASE: &str = "http://hl7.org/fhir/us/core/StructureDefinition/";

/// How many resources claim each profile of US Core 7.0.0, and how many of them have each element that it must support.
///
/// [`crate::PartitionCheck`] and [`crate::check_resource`] count what they check.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MustSupport {
    /// By the profile's place among all; shorter when none of the last was claimed.
    counts: Vec<Counts>,
}

/// Counts of one profile.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Counts {
    resources: u64,
    /// By the element's place in the profile; empty while no resource claims it.
    present: Vec<u64>,
}

/// The score of one profile.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProfileScore {
    /// Its id, `us-core-patient`.
    pub profile: &'static str,
    /// Resources that claim it in `meta.profile`.
    pub resources: u64,
    /// Paths of its elements below the resource, each with the number of resources that have it; slices are not told apart.
    pub elements: Vec<(&'static str, u64)>,
}

impl MustSupport {
    /// Adds what another counted.
    pub fn merge(&mut self, other: &MustSupport) {
        for (place, theirs) in other.counts.iter().enumerate().filter(|(_, theirs)| theirs.resources > 0) {
            let mine = self.of(place);
            mine.resources += theirs.resources;
            mine.present.iter_mut().zip(&theirs.present).for_each(|(mine, theirs)| *mine += theirs);
        }
    }

    /// The scores, by profile.
    pub fn scores(&self) -> impl Iterator<Item = ProfileScore> {
        // The profiles are listed by id.
        PROFILES.list.iter().zip(&self.counts).filter(|(_, counts)| counts.resources > 0).map(|(profile, counts)| {
            let elements = profile.elements.iter().copied().zip(counts.present.iter().copied()).collect();
            ProfileScore { profile: profile.id, resources: counts.resources, elements }
        })
    }

    /// Counts a resource whose walk marked what it has.
    pub(super) fn count(&mut self, marks: &Marks) {
        for (place, start) in &marks.claimed {
            let counts = self.of(*place);
            counts.resources += 1;
            for (count, is_there) in counts.present.iter_mut().zip(&marks.present[*start..]) {
                *count += u64::from(*is_there);
            }
        }
    }

    fn of(&mut self, place: usize) -> &mut Counts {
        if self.counts.len() <= place {
            self.counts.resize_with(place + 1, Counts::default);
        }
        let counts = &mut self.counts[place];
        if counts.present.is_empty() {
            counts.present.resize(PROFILES.list[place].elements.len(), 0);
        }
        counts
    }
}

/// What a resource has of the elements that its profiles must support, marked while it is walked over.
#[derive(Debug, Default)]
pub(super) struct Marks {
    /// The profiles that it claims, each with where its elements begin in `present`.
    claimed: Vec<(usize, usize)>,
    present: Vec<bool>,
    /// For each object that the walk is in, what the profiles ask of it: parts of it and where their elements begin.
    asked: Vec<(&'static Node, usize)>,
}

/// What the profiles ask of the object that the walk is in: its part of [`Marks::asked`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Asked {
    start: usize,
    end: usize,
}

impl Asked {
    /// Whether nothing is asked of the object or of what is in it.
    pub(super) fn is_nothing(self) -> bool {
        self.start == self.end
    }
}

impl Marks {
    /// Begins with a resource; gives back what is asked of it.
    pub(super) fn begin(&mut self, text: &str) -> Asked {
        let Marks { claimed: profiles, present, asked } = self;
        profiles.clear();
        present.clear();
        asked.clear();
        claimed(text, |place| {
            let profile = &PROFILES.list[place];
            profiles.push((place, present.len()));
            asked.push((&profile.root, present.len()));
            present.resize(present.len() + profile.elements.len(), false);
        });
        Asked { start: 0, end: asked.len() }
    }

    /// Marks that an object has this key; gives back what is asked of its value, until [`Marks::leave`].
    pub(super) fn enter(&mut self, asked: Asked, key: &str) -> Asked {
        let start = self.asked.len();
        for place in asked.start..asked.end {
            let (node, first) = self.asked[place];
            let Some(child) = node.child(key) else { continue };
            if let Some(place) = child.place {
                self.present[first + place] = true;
            }
            if !child.children.is_empty() {
                self.asked.push((child, first));
            }
        }
        Asked { start, end: self.asked.len() }
    }

    /// Leaves the value of a key.
    pub(super) fn leave(&mut self, asked: Asked) {
        self.asked.truncate(asked.start);
    }
}

/// All profiles.
struct Profiles {
    /// By id.
    list: Vec<Profile>,
    places: FxHashMap<&'static str, usize>,
}

struct Profile {
    id: &'static str,
    elements: Vec<&'static str>,
    root: Node,
}

/// Elements below an element, as a tree.
#[derive(Debug, Default)]
struct Node {
    /// Place in the profile's list, when it is in it itself.
    place: Option<usize>,
    children: Vec<Child>,
}

#[derive(Debug)]
struct Child {
    /// Without the `[x]` of a choice.
    name: &'static str,
    is_choice: bool,
    node: Node,
}

static PROFILES: LazyLock<Profiles> = LazyLock::new(|| {
    let mut list: Vec<Profile> = Vec::new();
    for line in include_str!("../../spec/us_core_7_0_0.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(id) = line.strip_prefix('=') {
            list.push(Profile { id, elements: Vec::new(), root: Node::default() });
        } else if let Some(profile) = list.last_mut() {
            profile.root.add(line, profile.elements.len());
            profile.elements.push(line);
        }
    }
    list.sort_unstable_by_key(|profile| profile.id);
    let places = list.iter().enumerate().map(|(place, profile)| (profile.id, place)).collect();
    Profiles { list, places }
});

impl Node {
    fn add(&mut self, path: &'static str, place: usize) {
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let name = first.strip_suffix("[x]").unwrap_or(first);
        let at = self.children.iter().position(|child| child.name == name).unwrap_or_else(|| {
            self.children.push(Child { name, is_choice: name != first, node: Node::default() });
            self.children.len() - 1
        });
        let node = &mut self.children[at].node;
        match rest {
            Some(rest) => node.add(rest, place),
            None => node.place = Some(place),
        }
    }

    fn child(&self, key: &str) -> Option<&Node> {
        let is_type = |of: &str| of.starts_with(|c: char| c.is_ascii_uppercase());
        let is_key = |child: &&Child| {
            if child.is_choice { key.strip_prefix(child.name).is_some_and(is_type) } else { child.name == key }
        };
        self.children.iter().find(is_key).map(|child| &child.node)
    }
}

/// Gives the places of the profiles of US Core that a resource claims.
fn claimed(text: &str, mut give: impl FnMut(usize)) {
    let mut cursor = Cursor::new(text);
    cursor.take(b'{');
    while let Some(key) = cursor.key() {
        if key != "meta" || cursor.kind() != Some(Kind::Object) {
            if cursor.kind().is_none() {
                return;
            }
            cursor.skip();
            continue;
        }
        cursor.take(b'{');
        while let Some(key) = cursor.key() {
            match (key, cursor.kind()) {
                ("profile", Some(Kind::Array)) => {
                    cursor.take(b'[');
                    while cursor.item() {
                        let url = cursor.peek();
                        let id = url.strip_prefix(BASE).and_then(|id| id.split('|').next());
                        if let Some(place) = id.and_then(|id| PROFILES.places.get(id)) {
                            give(*place);
                        }
                        cursor.skip();
                    }
                }
                (_, Some(_)) => cursor.skip(),
                (_, None) => return,
            }
        }
        return;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fhir::structure::Walks;
    use crate::fhir::{FhirSide, Resolver};
    use crate::finding::Severity;

    #[test]
    fn what_is_there_is_counted_by_profile() {
        let profile = |id: &str| format!(r#""meta":{{"profile":["{BASE}{id}|7.0.0"]}}"#);
        let condition = profile("us-core-condition-encounter-diagnosis");
        let score_of = |texts: &[String]| {
            let (nothing_missing, mut walks) = (FhirSide::default(), Walks::default());
            for text in texts {
                walks.check(text, Severity::Error, &Resolver::of_nobody(&nothing_missing), &mut Vec::new());
            }
            walks.must_support
        };
        let mut score = score_of(&[
            format!(r#"{{"resourceType":"Condition",{condition},"onsetDateTime":"2019","code":{{}}}}"#),
            format!(r#"{{"resourceType":"Condition","code":{{}},{condition}}}"#),
            r#"{"resourceType":"Condition","code":{}}"#.to_owned(),
        ]);
        let patient = profile("us-core-patient");
        let names = r#""name":[{"given":["A"]},{"_family":{}}]"#;
        score.merge(&score_of(&[format!(r#"{{"resourceType":"Patient",{patient},{names}}}"#)]));
        let scores: Vec<ProfileScore> = score.scores().collect();
        assert_eq!(scores.len(), 2);
        let of = |score: &ProfileScore, path| score.elements.iter().find(|(name, _)| *name == path).unwrap().1;
        assert_eq!((scores[0].resources, of(&scores[0], "onset[x]"), of(&scores[0], "code")), (2, 1, 2));
        assert_eq!(of(&scores[0], "abatement[x]"), 0);
        let patient = &scores[1];
        assert_eq!((of(patient, "name.given"), of(patient, "name.family"), of(patient, "identifier")), (1, 1, 0));
    }
}
