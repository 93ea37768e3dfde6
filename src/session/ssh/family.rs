//! What a command has started, found and ended by commands of our own on the same connection. It is all that lives in the
//! command's session, and in those that sudo makes for what it runs on a terminal of its own.
//!
//! On a terminal the end of a command tells nothing of the end of those: the server takes the terminal from them and hears
//! of them no more. And sudo passes what the login may send on to the command, but not to what that has in the background.

use crate::session::JobSignal;

/// Sessions on a server, by their numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Family(Vec<u32>);

/// What reads such a script, and is known by that from a command that is told of.
pub(super) const ERRAND: &str = "sh -s capr";

/// A script for `sh` that says the family of each command of the connection, one a line, in the order in which they were
/// started. Where `ps` does not know that order it says nothing. It waits half a second for each `sudo` to run something:
/// what that has just begun to start is in no session of its own yet, and loses a signal that comes before it has begun.
pub(super) const CENSUS: &str = r#"census() { ps -A --sort=start_time,pid -o pid= -o ppid= -o sid= -o stat= -o comm= -o args= 2>/dev/null |
awk -v server=$PPID -v own=$$ '
$4 ~ /^Z/ || / sh -s capr$/ { late = late || $1 == own; next }
$2 == server && !late { leader[++count] = $1; of[$1] = $1 }
$1 == $3 && $5 == "sudo" && ($2 in member) { of[$1] = member[$2] }
$3 in of { member[$1] = of[$3]; runs[$2]; if ($5 == "sudo") sudo[$1] }
END {
  for (i = 1; i <= count; i++) {
    line = leader[i]
    for (sid in of) if (of[sid] == leader[i] && sid != leader[i]) line = line " " sid
    print line
  }
  for (pid in sudo) if (!(pid in runs)) exit 1
}'; }
for time in 1 2 3 4 5 6 7 8 9 10; do
  families=$(census) && break
  sleep 0.05 2>/dev/null || break
done
echo "$families"
"#;

/// What [`CENSUS`] has told.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Census {
    Families(Vec<Family>),
    /// There are not as many commands as were thought alive: the end of one is not known here yet.
    Stale,
    /// The server cannot tell.
    Unknown,
}

impl Census {
    pub(super) fn read(said: &[u8], expected: usize) -> Self {
        let family = |line: &str| {
            let sessions: Vec<_> = line.split_whitespace().map(str::parse).collect::<Result<_, _>>().ok()?;
            Some(Family(sessions)).filter(|family| !family.0.is_empty())
        };
        let text = std::str::from_utf8(said).unwrap_or_default();
        match text.lines().map(family).collect::<Option<Vec<_>>>() {
            Some(families) if families.len() == expected => Self::Families(families),
            Some(families) if !families.is_empty() => Self::Stale,
            _ => Self::Unknown,
        }
    }
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
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::{CENSUS, Census, Family};

    #[test]
    fn families_are_known_where_they_are_as_many_as_commands() {
        let said = b"22\n45 47 49\n";
        let families = vec![Family(vec![22]), Family(vec![45, 47, 49])];
        assert_eq!(Census::read(said, 2), Census::Families(families));
        assert_eq!(Census::read(said, 3), Census::Stale);
        for said in [b"".as_slice(), b"\n", b"ps: unknown option\n", b"\xff\n"] {
            assert_eq!(Census::read(said, 1), Census::Unknown);
        }
    }

    /// What the census says where `ps` shows these, one after the other. `SERVER` is the process that asks.
    fn census(shown: &[&str]) -> String {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for (number, shown) in shown.iter().enumerate() {
            let shown = shown.replace("SERVER", &std::process::id().to_string());
            fs::write(path(&number.to_string()), shown).unwrap();
        }
        let ps =
            "#!/bin/sh\ncd \"${0%/*}\"; for file in [0-9]*; do cat $file; break; done; [ $file = LAST ] || rm $file\n";
        fs::write(path("ps"), ps.replace("LAST", &(shown.len() - 1).to_string())).unwrap();
        fs::set_permissions(path("ps"), Permissions::from_mode(0o755)).unwrap();
        let script = format!("PATH={}:$PATH\n{CENSUS}", directory.path().display());
        let said = Command::new("sh").args(["-c", &script]).output().unwrap();
        String::from_utf8(said.stdout).unwrap()
    }

    #[test]
    fn what_sudo_is_about_to_start_is_waited_for() {
        let shell = "20 SERVER 20 Ss sh\n21 20 20 S sudo\n";
        let forked = format!("{shell}22 21 20 S sudo\n");
        let monitor = format!("{shell}22 21 22 Ss sudo\n");
        let starting = format!("{monitor}23 22 22 R sudo\n");
        let runs = format!("{monitor}23 22 22 S sleep\n");
        assert_eq!(census(&[shell, &forked, &monitor, &starting, &runs]), "20 22\n");
        // It may wait for a password.
        assert_eq!(census(&[shell]), "20\n");
    }

    #[test]
    fn nothing_is_waited_for_without_sudo() {
        let first = "20 SERVER 20 Ss sh\n21 20 20 S sleep\n30 SERVER 30 Ss sh\n";
        assert_eq!(census(&[first, "20 SERVER 20 Ss sh\n"]), "20\n30\n");
        // Nor for one that is no command's of this connection.
        assert_eq!(census(&["20 SERVER 20 Ss sh\n40 1 40 Ss sudo\n", "\n"]), "20\n");
        assert_eq!(census(&["20 SERVER 20 Z sh\n30 SERVER 30 Ss sh\n"]), "30\n");
    }
}
