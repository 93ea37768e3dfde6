//! What a command has started, found and ended by commands of our own on the same connection. It is all that lives in the
//! command's session, and in those that sudo makes for what it runs on a terminal of its own.
//!
//! On a terminal the end of a command tells nothing of the end of those: the server takes the terminal from them and hears
//! of them no more. And sudo passes what the login may send on to the command, but not to what that has in the background.

use crate::session::JobSignal;

/// Sessions on a server, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Family(Vec<u32>);

/// A script for `sh` that says the family of each command of the connection, one a line, in the order in which they were
/// started. Where `ps` does not know that order it says nothing.
pub(super) const CENSUS: &str = r#"ps -A --sort=start_time,pid -o pid= -o ppid= -o sid= -o stat= -o comm= 2>/dev/null |
awk -v server=$PPID -v own=$$ '
$4 ~ /^Z/ { next }
$2 == server && $1 != own { leader[++count] = $1; of[$1] = $1 }
$1 == $3 && $5 == "sudo" && ($2 in member) { of[$1] = member[$2] }
$3 in of { member[$1] = of[$3] }
END {
  for (i = 1; i <= count; i++) {
    line = leader[i]
    for (sid in of) if (of[sid] == leader[i] && sid != leader[i]) line = line " " sid
    print line
  }
}'
"#;

/// The families that [`CENSUS`] has said, where they are as many as expected.
pub(super) fn families(said: &[u8], expected: usize) -> Option<Vec<Family>> {
    let text = std::str::from_utf8(said).ok()?;
    let numbers = |line: &str| line.split_whitespace().map(|word| word.parse().ok()).collect();
    let families: Option<Vec<Vec<u32>>> = text.lines().map(numbers).collect();
    let families = families.filter(|families| families.len() == expected)?;
    Some(families.into_iter().map(Family).collect())
}

impl Family {
    /// A script that prints who is left.
    fn left(&self) -> String {
        let sessions: Vec<_> = self.0.iter().map(u32::to_string).collect();
        format!(
            "left() {{ ps -A -o pid= -o sid= -o stat= | awk -v sessions=' {} ' \
             '$3 !~ /^Z/ && index(sessions, \" \" $2 \" \") {{ print $1 }}'; }}\n",
            sessions.join(" ")
        )
    }

    /// A script that ends when nothing is left of it, or nobody listens any more.
    pub(super) fn awaited(&self) -> String {
        let left = self.left();
        format!("{left}while [ -n \"$(left)\" ]; do sleep 0.05 2>/dev/null || sleep 1; echo waits || exit; done\n")
    }

    /// A script that sends it a signal; as another user, where the command had called `sudo` like this.
    pub(super) fn signalled(&self, signal: JobSignal, sudo: Option<&str>) -> String {
        let (left, name) = (self.left(), signal.name());
        let kill = format!("kill -{name} $pids 2>/dev/null");
        let kill = match sudo {
            Some(sudo) => format!("{kill} || {sudo} -n {kill}"),
            None => kill,
        };
        format!("{left}pids=$(left)\n[ -z \"$pids\" ] || {kill}\n")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{Family, families};

    #[test]
    fn families_are_known_where_they_are_as_many_as_commands() {
        let said = b"22\n45 47 49\n";
        let known = families(said, 2).unwrap();
        assert_eq!(known, [Family(vec![22]), Family(vec![45, 47, 49])]);
        for (said, expected) in [
            (said.as_slice(), 1),
            (b"", 1),
            (b"ps: unknown option\n", 1),
            (b"\xff\n", 1),
        ] {
            assert_eq!(families(said, expected), None);
        }
    }
}
