//! Finds the places that lack the same thing. They are one piece of work: all but one wait for that one. A gem that was not
//! carried over defines tasks, functions and classes; each place that names one of these waits for the place that loads the gem.

use std::collections::BTreeSet;

use super::note::Lack;
use super::tidy::FileDraft;

/// A place that others may wait for.
struct Origin {
    lack: Lack,
    file: usize,
    note: usize,
}

/// Makes each note wait for an earlier one that lacks the same thing. `of_application` has the names that the application defines.
pub(super) fn settle(of_application: &BTreeSet<String>, drafts: &mut [FileDraft<'_>]) {
    for note in drafts.iter_mut().flat_map(|draft| &mut draft.notes) {
        let name = match &note.lack {
            Some(Lack::Class(class)) => class.split("::").next(),
            Some(Lack::Name(name)) => Some(name.as_str()),
            _ => None,
        };
        if name.is_some_and(|name| of_application.contains(name)) {
            note.lack = Some(Lack::Application);
        }
    }
    let mut origins = loaded(drafts);
    // Work that can wait must not hide work that cannot.
    for may_wait in [false, true] {
        settle_those(drafts, &mut origins, may_wait);
    }
    follow_functions(drafts);
}

fn settle_those(drafts: &mut [FileDraft<'_>], origins: &mut Vec<Origin>, may_wait: bool) {
    for file in 0..drafts.len() {
        for at in 0..drafts.get(file).map_or(0, |draft| draft.notes.len()) {
            let Some(note) = drafts.get(file).and_then(|draft| draft.notes.get(at)) else {
                continue;
            };
            let (Some(lack), None, true) = (&note.lack, note.depends_on, note.only_if_called == may_wait) else {
                continue;
            };
            let first = origin_of(lack, origins).map(|origin| (origin.file, origin.note));
            match first {
                Some(first) if first != (file, note.number) => wait(drafts, (file, at), first),
                Some(_) => {}
                None => origins.push(Origin {
                    lack: lack.clone(),
                    file,
                    note: note.number,
                }),
            }
        }
    }
}

/// Returns the places that load gems or files: the first place for each.
fn loaded(drafts: &[FileDraft<'_>]) -> Vec<Origin> {
    let mut origins: Vec<Origin> = Vec::new();
    for (file, draft) in drafts.iter().enumerate() {
        for note in &draft.notes {
            let Some(lack @ (Lack::Library(_) | Lack::File(_))) = &note.lack else {
                continue;
            };
            if note.depends_on.is_none() && !note.only_if_called && origin_of(lack, &origins).is_none() {
                origins.push(Origin {
                    lack: lack.clone(),
                    file,
                    note: note.number,
                });
            }
        }
    }
    origins
}

/// The objects of Capistrano 2 itself, which no gem and no file defines.
const OF_CAPISTRANO: [&str; 4] = ["connection", "sessions", "source", "strategy"];

/// Returns the place that this lack waits for: work there settles it as well.
fn origin_of<'a>(lack: &Lack, origins: &'a [Origin]) -> Option<&'a Origin> {
    let same = origins.iter().find(|origin| is_same(lack, &origin.lack));
    let named = || origins.iter().find(|origin| defines(&origin.lack, lack));
    // A name that nothing defines most likely comes from the gem or file that was loaded last.
    let any = || {
        let is_loaded = |origin: &&Origin| match &origin.lack {
            Lack::File(path) => !path.ends_with(".erb"),
            lack => matches!(lack, Lack::Library(_)),
        };
        let may_come = matches!(lack, Lack::Name(name) if !OF_CAPISTRANO.contains(&name.as_str()));
        origins.iter().rfind(is_loaded).filter(|_| may_come)
    };
    same.or_else(named).or_else(any)
}

/// Returns true if two places lack the same gem, class or name.
fn is_same(one: &Lack, other: &Lack) -> bool {
    match (one, other) {
        (Lack::Library(one), Lack::Library(other)) => gem(one) == gem(other),
        // Whoever brings one file of a folder brings the others.
        (Lack::File(one), Lack::File(other)) => folder(one) == folder(other),
        (Lack::Class(one), Lack::Class(other)) => words(one).first() == words(other).first(),
        (one, other) => one == other,
    }
}

/// Returns true if the name of a gem, a file or a class suggests that it defines the wanted class or name.
fn defines(origin: &Lack, wanted: &Lack) -> bool {
    let (Lack::Library(origin) | Lack::File(origin) | Lack::Class(origin)) = origin else {
        return false;
    };
    let (Lack::Class(wanted) | Lack::Name(wanted)) = wanted else {
        return false;
    };
    let origin = words(origin);
    words(wanted).iter().take(1).any(|word| {
        origin
            .iter()
            .any(|part| part.len() > 2 && word.starts_with(part.as_str()))
    })
}

/// Returns the folder of a file; a file without one stands for itself.
fn folder(path: &str) -> &str {
    let path = path.trim_start_matches("./");
    path.rsplit_once('/').map_or(path, |(folder, _)| folder)
}

/// Returns the name of the gem of a library: `capistrano/docker/compose` belongs to `docker`.
fn gem(path: &str) -> String {
    words(path).into_iter().next().unwrap_or_else(|| path.to_owned())
}

/// Returns the words of a path or of a class in small letters, without those that such names have in common.
pub(super) fn words(name: &str) -> Vec<String> {
    let parts = name.split(['/', ':', '.', '-']);
    let parts = parts.map(|part| part.replace('_', "").to_lowercase());
    let says = |part: &String| {
        !part.is_empty() && !matches!(part.as_str(), "capistrano" | "capistrano3" | "rb" | "ruby" | "recipes")
    };
    parts.filter(says).collect()
}

/// Makes each call of a function that was not carried over whole wait for the first note in that function.
fn follow_functions(drafts: &mut [FileDraft<'_>]) {
    for file in 0..drafts.len() {
        for at in 0..drafts.get(file).map_or(0, |draft| draft.notes.len()) {
            let Some(note) = drafts.get(file).and_then(|draft| draft.notes.get(at)) else {
                continue;
            };
            let Some(Lack::Function(other, (first, last))) = note.lack else {
                continue;
            };
            let own = drafts.get(other).map_or(&[][..], |draft| draft.notes.as_slice());
            let inside = own.iter().find(|inside| (first..=last).contains(&inside.line));
            if let Some(inside) = inside.map(|inside| (other, inside.number))
                && inside != (file, note.number)
            {
                wait(drafts, (file, at), inside);
            }
        }
    }
}

/// Makes a note wait for another one.
fn wait(drafts: &mut [FileDraft<'_>], (file, at): (usize, usize), (other, number): (usize, usize)) {
    let path = drafts.get(other).map(|draft| draft.source.path.clone());
    if let Some(note) = drafts.get_mut(file).and_then(|draft| draft.notes.get_mut(at)) {
        note.depends_on = Some(number);
        note.depends_on_file = path.filter(|_| other != file);
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Note, Ported, RubyFile, RubyProject, port};

    fn ported(files: &[(&str, &str)]) -> Ported {
        let sources = files.iter().map(|(path, text)| RubyFile {
            path: (*path).to_owned(),
            text: text.as_bytes().to_vec(),
            is_wanted: true,
            gem: None,
            part: None,
        });
        let project = RubyProject {
            sources: sources.collect(),
            ..RubyProject::default()
        };
        port(&project).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// Returns the lines of the notes that are work, and of those that wait for others.
    fn lines(files: &[(&str, &str)]) -> (Vec<usize>, Vec<usize>) {
        let ported = ported(files);
        let notes = ported.files.into_iter().flat_map(|file| file.notes);
        let (work, waits): (Vec<Note>, Vec<Note>) = notes.partition(|note| note.depends_on.is_none());
        let of = |notes: Vec<Note>| notes.iter().map(|note| note.line).collect();
        (of(work), of(waits))
    }

    #[test]
    fn what_capistrano_has_itself_waits_for_no_gem() {
        let text = "require 'acme_x'\nrole :app, 'a'\ntask(:t) { sessions.size }\ntask(:u) { sessions.keys }\n";
        assert_eq!(lines(&[("config/deploy.rb", text)]), (vec![1, 3], vec![4]));
    }

    #[test]
    fn all_that_a_gem_defines_waits_for_the_place_that_loads_it() {
        let text = "require 'rubber'\nrequire 'rubber/capistrano'\nset :a, Rubber.env\nset :b, rubber_env.name\n\
                    after 'deploy', 'rubber:x'\ntask(:t) { rsudo 'x' }\n";
        assert_eq!(lines(&[("config/deploy.rb", text)]), (vec![1], vec![2, 3, 4, 5, 6]));
    }

    #[test]
    fn a_class_or_a_function_that_nothing_defines_is_one_piece_of_work() {
        let text = "task(:t) { AWS::S3.a(1)\nAWS::Base.b\nNotifier.c\nsend_mail 1\nsend_mail 2 }\n";
        assert_eq!(lines(&[("config/deploy.rb", text)]), (vec![1, 3, 4], vec![2, 5]));
    }

    #[test]
    fn a_note_in_another_file_may_be_the_one_that_is_waited_for() {
        let files = [
            ("config/deploy.rb", "set :repo_url, 'x'\nOneTime.key!\n"),
            ("config/deploy/a.rb", "server 'a', roles: %w[app]\nOneTime.key!\n"),
        ];
        let ported = ported(&files);
        let second = ported.files.iter().skip(1).flat_map(|file| &file.notes);
        let waits: Vec<_> = second
            .map(|note| (note.depends_on, note.depends_on_file.as_deref()))
            .collect();
        assert_eq!(waits, [(Some(1), Some("config/deploy.rb"))]);
    }

    #[test]
    fn a_function_that_was_not_carried_over_whole_is_worked_on_where_it_stands() {
        let files = [
            (
                "config/deploy.rb",
                "set :repo_url, 'x'\ndef found(x)\n  Cloud.find(x)\nend\n",
            ),
            ("config/deploy/a.rb", "server found(1), roles: %w[app]\n"),
        ];
        assert_eq!(lines(&files), (vec![3], vec![1]));
    }
}
