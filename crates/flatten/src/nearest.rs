//! What was meant by a name that is wrong.

/// The name that was meant by one that is wrong, when one is near enough.
pub(crate) fn nearest<'n>(wrong: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let near = names.map(|name| (distance(wrong, name), name)).min()?;
    (near.0 <= 2.max(wrong.len() / 4) && near.0 < wrong.len()).then_some(near.1)
}

/// How many letters must be changed, added, left out or swapped.
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = match (i, j) {
                (0, n) | (n, 0) => n,
                _ => {
                    let change = usize::from(!a[i - 1].eq_ignore_ascii_case(&b[j - 1]));
                    let mut least = (rows[i - 1][j - 1] + change).min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                    if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                        least = least.min(rows[i - 2][j - 2] + 1);
                    }
                    least
                }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_pen_is_recognized() {
        let names = || ["name", "gender", "birthDate", "address"].into_iter();
        assert_eq!(nearest("nmae", names()), Some("name"));
        assert_eq!(nearest("birthdate", names()), Some("birthDate"));
        assert_eq!(nearest("telephone", names()), None);
    }
}
