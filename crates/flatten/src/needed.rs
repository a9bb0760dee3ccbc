//! Which elements the paths of a plan need: a tree of keys, shared by all views of a resource type.
//!
//! While views are compiled, [`Shapes`] grows; then it is frozen into [`Needed`], which the parser follows.

/// A place in the tree: an element, as far as paths look into it.
pub(crate) type Shape = u32;

/// Where the resource stands.
pub(crate) const ROOT: Shape = 0;

/// The tree while it grows. A repeated path makes it a graph: its shapes are merged with those they started from.
#[derive(Debug)]
pub(crate) struct Shapes {
    names: Vec<String>,
    parent: Vec<Shape>,
    below: Vec<Vec<(u16, Shape)>>,
}

impl Shapes {
    pub(crate) fn new() -> Self {
        Self { names: Vec::new(), parent: vec![0], below: vec![Vec::new()] }
    }

    /// The number of a key in this plan.
    pub(crate) fn key(&mut self, name: &str) -> u16 {
        let known = self.names.iter().position(|known| known == name);
        let index = known.unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        // Paths are short and views are few.
        u16::try_from(index).expect("a plan has fewer than 65,536 keys")
    }

    /// More keys than any views need; R4 has not a fifth of them.
    pub(crate) fn is_full(&self) -> bool {
        self.names.len() > 10_000
    }

    pub(crate) fn name(&self, key: u16) -> &str {
        &self.names[usize::from(key)]
    }

    pub(crate) fn find(&self, mut shape: Shape) -> Shape {
        while self.parent[shape as usize] != shape {
            shape = self.parent[shape as usize];
        }
        shape
    }

    /// A shape that nothing leads to.
    pub(crate) fn detached(&mut self) -> Shape {
        let shape = Shape::try_from(self.parent.len()).expect("a plan has few shapes");
        self.parent.push(shape);
        self.below.push(Vec::new());
        shape
    }

    /// The shape under a key; from now on it is needed.
    pub(crate) fn child(&mut self, shape: Shape, key: u16) -> Shape {
        let shape = self.find(shape);
        if let Some((_, child)) = self.below[shape as usize].iter().find(|(known, _)| *known == key) {
            return self.find(*child);
        }
        let child = self.detached();
        self.below[shape as usize].push((key, child));
        child
    }

    /// Makes two shapes one, and all below them.
    pub(crate) fn merge(&mut self, a: Shape, b: Shape) {
        let (a, b) = (self.find(a), self.find(b));
        if a == b {
            return;
        }
        self.parent[b as usize] = a;
        for (key, child) in std::mem::take(&mut self.below[b as usize]) {
            let root = self.find(a);
            match self.below[root as usize].iter().find(|(known, _)| *known == key) {
                Some((_, known)) => {
                    let known = *known;
                    self.merge(known, child);
                }
                None => self.below[root as usize].push((key, child)),
            }
        }
    }

    pub(crate) fn freeze(&self) -> Needed {
        let shapes = (0..self.below.len())
            .map(|shape| {
                let shape = self.find(Shape::try_from(shape).expect("a plan has few shapes"));
                let mut keys: Vec<Key> = self.below[shape as usize]
                    .iter()
                    .map(|(key, child)| {
                        let name = self.names[usize::from(*key)].as_bytes();
                        let (head, tail, below) = (head(name), tail(name), self.find(*child));
                        Key { head, tail, name: name.into(), number: *key, below }
                    })
                    .collect();
                // `resourceType` and `id` come first in most resources.
                keys.sort_by_key(|key| (&*key.name != b"resourceType", &*key.name != b"id"));
                let n_numbers = keys.iter().map(|key| usize::from(key.number) + 1).max().unwrap_or(0);
                let mut places = vec![0; n_numbers];
                for (place, key) in (1..).zip(&keys) {
                    places[usize::from(key.number)] = place;
                }
                Keys { keys, places: places.into() }
            })
            .collect();
        Needed { shapes }
    }
}

/// The tree that the parser follows.
#[derive(Clone, Debug)]
pub(crate) struct Needed {
    shapes: Vec<Keys>,
}

/// The keys of an element that are needed.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    keys: Vec<Key>,
    /// By a key's number, its place in `keys` from 1; 0 for others.
    places: Box<[u16]>,
}

#[derive(Clone, Debug)]
struct Key {
    /// The first eight bytes, which tell nearly all keys apart.
    head: u64,
    /// The last eight, for keys of more than eight.
    tail: u64,
    name: Box<[u8]>,
    number: u16,
    below: Shape,
}

impl Needed {
    /// Which of a shape's keys has this number, from 1.
    #[inline]
    pub(crate) fn place(&self, shape: Shape, key: u16) -> Option<usize> {
        let place = *self.shapes.get(shape as usize)?.places.get(usize::from(key))?;
        (place > 0).then_some(usize::from(place))
    }

    #[inline]
    pub(crate) fn keys(&self, shape: Shape) -> &Keys {
        &self.shapes[shape as usize]
    }
}

impl Keys {
    /// Which of the keys this is, looked for from `guess` on and then from the start.
    #[inline]
    pub(crate) fn find(&self, name: &[u8], guess: usize) -> Option<usize> {
        let (head, tail) = (head(name), tail(name));
        let is = |key: &Key| {
            key.head == head
                && key.tail == tail
                && key.name.len() == name.len()
                && (name.len() <= 16 || *key.name == *name)
        };
        let guess = guess.min(self.keys.len());
        let (before, behind) = self.keys.split_at(guess);
        behind.iter().position(is).map(|index| index + guess).or_else(|| before.iter().position(is))
    }

    pub(crate) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The shape under one of the keys.
    #[inline]
    pub(crate) fn below(&self, index: usize) -> Shape {
        self.keys[index].below
    }
}

#[inline]
fn tail(name: &[u8]) -> u64 {
    if name.len() <= 8 { 0 } else { name.last_chunk::<8>().map_or(0, |eight| u64::from_le_bytes(*eight)) }
}

#[inline]
fn head(name: &[u8]) -> u64 {
    match name.first_chunk::<8>() {
        Some(eight) => u64::from_le_bytes(*eight),
        None => name.iter().rev().fold(0, |head, byte| head << 8 | u64::from(*byte)),
    }
}
