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
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MustSupport {
    profiles: FxHashMap<&'static str, (u64, Vec<u64>)>,
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
    /// Counts a resource with the profiles that it claims; `text` is its JSON.
    pub fn count(&mut self, text: &str) {
        for profile in claimed(text) {
            let (n, counts) = self.profiles.entry(profile.id).or_insert_with(|| (0, vec![0; profile.elements.len()]));
            *n += 1;
            let mut present = vec![false; profile.elements.len()];
            profile.root.visit(&mut Cursor::new(text), &mut present);
            for (count, present) in counts.iter_mut().zip(present) {
                *count += u64::from(present);
            }
        }
    }

    /// Adds what another counted.
    pub fn merge(&mut self, other: &MustSupport) {
        for (profile, (n, counts)) in &other.profiles {
            let (mine, all) = self.profiles.entry(profile).or_insert_with(|| (0, vec![0; counts.len()]));
            *mine += n;
            all.iter_mut().zip(counts).for_each(|(mine, theirs)| *mine += theirs);
        }
    }

    /// The scores, by profile.
    pub fn scores(&self) -> impl Iterator<Item = ProfileScore> {
        let mut ids: Vec<&str> = self.profiles.keys().copied().collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| {
            let (profile, (resources, counts)) = (PROFILES.get(id)?, self.profiles.get(id)?);
            let elements = profile.elements.iter().copied().zip(counts.iter().copied()).collect();
            Some(ProfileScore { profile: profile.id, resources: *resources, elements })
        })
    }
}

struct Profile {
    id: &'static str,
    elements: Vec<&'static str>,
    root: Node,
}

/// Elements below an element, as a tree.
#[derive(Default)]
struct Node {
    /// Place in the profile's list, when it is in it itself.
    place: Option<usize>,
    children: Vec<Child>,
}

struct Child {
    /// Without the `[x]` of a choice.
    name: &'static str,
    is_choice: bool,
    node: Node,
}

static PROFILES: LazyLock<FxHashMap<&'static str, Profile>> = LazyLock::new(|| {
    let mut profiles: FxHashMap<&'static str, Profile> = FxHashMap::default();
    let mut current = "";
    for line in include_str!("../../spec/us_core_7_0_0.txt").lines().filter(|line| !line.starts_with('#')) {
        if let Some(id) = line.strip_prefix('=') {
            current = id;
            profiles.insert(id, Profile { id, elements: Vec::new(), root: Node::default() });
        } else if let Some(profile) = profiles.get_mut(current) {
            profile.root.add(line, profile.elements.len());
            profile.elements.push(line);
        }
    }
    profiles
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

    /// Marks what an object, or each object of a list, has.
    fn visit(&self, cursor: &mut Cursor<'_>, present: &mut [bool]) {
        match cursor.kind() {
            Some(Kind::Array) if !self.children.is_empty() => {
                cursor.take(b'[');
                while cursor.item() {
                    self.visit(cursor, present);
                }
            }
            Some(Kind::Object) if !self.children.is_empty() => {
                cursor.take(b'{');
                while let Some(key) = cursor.key() {
                    // An element with nothing but an extension says why its value is not known.
                    match (self.child(key.strip_prefix('_').unwrap_or(key)), cursor.kind()) {
                        (Some(node), Some(_)) => {
                            if let Some(place) = node.place {
                                present[place] = true;
                            }
                            node.visit(cursor, present);
                        }
                        (None, Some(_)) => cursor.skip(),
                        (_, None) => return,
                    }
                }
            }
            Some(_) => cursor.skip(),
            None => {}
        }
    }
}

/// The profiles of US Core that a resource claims.
fn claimed(text: &str) -> Vec<&'static Profile> {
    let mut claimed = Vec::new();
    let mut cursor = Cursor::new(text);
    cursor.take(b'{');
    while let Some(key) = cursor.key() {
        match (key, cursor.kind()) {
            ("meta", Some(Kind::Object)) => {
                cursor.take(b'{');
                while let Some(key) = cursor.key() {
                    match (key, cursor.kind()) {
                        ("profile", Some(Kind::Array)) => {
                            cursor.take(b'[');
                            while cursor.item() {
                                let url = cursor.peek();
                                let id = url.strip_prefix(BASE).and_then(|id| id.split('|').next());
                                claimed.extend(id.and_then(|id| PROFILES.get(id)));
                                cursor.skip();
                            }
                        }
                        (_, Some(_)) => cursor.skip(),
                        (_, None) => return claimed,
                    }
                }
                return claimed;
            }
            (_, Some(_)) => cursor.skip(),
            (_, None) => return claimed,
        }
    }
    claimed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_counted_by_profile() {
        let profile = |id: &str| format!(r#""meta":{{"profile":["{BASE}{id}|7.0.0"]}}"#);
        let condition = profile("us-core-condition-encounter-diagnosis");
        let mut score = MustSupport::default();
        score.count(&format!(r#"{{"resourceType":"Condition",{condition},"onsetDateTime":"2019","code":{{}}}}"#));
        score.count(&format!(r#"{{"resourceType":"Condition","code":{{}},{condition}}}"#));
        score.count(r#"{"resourceType":"Condition","code":{}}"#);
        let patient = profile("us-core-patient");
        let mut other = MustSupport::default();
        other
            .count(&format!(r#"{{"resourceType":"Patient",{patient},"name":[{{"given":["A"]}},{{"_family":{{}}}}]}}"#));
        score.merge(&other);
        let scores: Vec<ProfileScore> = score.scores().collect();
        assert_eq!(scores.len(), 2);
        let of = |score: &ProfileScore, path| score.elements.iter().find(|(name, _)| *name == path).unwrap().1;
        assert_eq!((scores[0].resources, of(&scores[0], "onset[x]"), of(&scores[0], "code")), (2, 1, 2));
        assert_eq!(of(&scores[0], "abatement[x]"), 0);
        let patient = &scores[1];
        assert_eq!((of(patient, "name.given"), of(patient, "name.family"), of(patient, "identifier")), (1, 1, 0));
    }
}
