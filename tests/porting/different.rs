//! Checks the differences that the guide says remain.

use crate::fleet::Fleet;
use crate::trial::{Place, SERVERS, Trial, piece, run_all};

const SECTION: &str = "## What stays different";

fn trials() -> Vec<Trial> {
    let two = |text: &str| piece(text).bare().before("role :app, \"app1\", \"app2\";");
    vec![
        // The directory is that of the load.
        piece("task :fixed, :dir => release_path { puts capture(\"pwd\", :hosts => \"app1\"); }")
            .before("set :release_path, \"/srv/one\"; ")
            .given("app1", "mkdir -p /srv/one /srv/two")
            .with("task :late { puts capture(\"pwd\", :hosts => \"app1\", :dir => release_path); }")
            .then("set :release_path, \"/srv/two\"; fixed; late;")
            .prints("/srv/one\n/srv/two\n"),
        piece("let shows = |n| n + x; set :x, 2; puts shows.call(0); for n in [0] { puts n + x; }")
            .in_task()
            .before("set :x, 1;")
            .prints("1\n2\n"),
        piece("[\"a\", \"b\"].for_each(|n| { puts n; });")
            .in_task()
            .prints("0\n1\n"),
        piece("let runs = |n| { once() + n }; puts \"made\"; puts runs.call(1);")
            .in_task()
            .before("task :once { puts \"ran\"; 1 }")
            .prints("made\nran\n2\n"),
        piece("fn sees() { name } fn given(local) { local }")
            .before("set :name, \"of the recipe\";")
            .then("let local = \"given\"; puts sees(); puts given(local);")
            .prints("of the recipe\ngiven\n"),
        piece("puts fetch(:nobody, ()) == ();").in_task().prints("true\n"),
        piece("let name = \"nobody\"; fetch(name);")
            .in_task()
            .code(3)
            .says("nobody"),
        piece("run \"true\", :hosts => find_servers(:roles => ENV[\"ROLE\"]).map(|s| s.host);")
            .in_task()
            .env("ROLE", "nobody")
            .code(3)
            .says("nobody"),
        piece("role :worker;")
            .then("puts find_servers(:roles => :worker, :on_no_matching_servers => :continue).len();")
            .prints("0\n"),
        two("task :once { puts \"ran\"; }")
            .then("once; once; invoke \"once\";")
            .prints("ran\nran\nran\n"),
        two("run \"touch /tmp/for-$CAPISTRANO:HOST$\";")
            .in_task()
            .on("app1", "ls /tmp", "for-app1")
            .on("app2", "ls /tmp", "for-app2"),
        piece("puts run_locally(\"bin/rails runner 'puts 1'\");")
            .in_task()
            .first(
                "run_locally(\"mkdir bin; printf '#!/bin/sh\\necho \\\"$2\\\"\\n' > bin/rails; chmod 755 bin/rails\");",
            )
            .prints("puts 1\n"),
    ]
}

#[test]
fn what_stays_different_is_as_the_guide_says() {
    let fleet = Fleet::start(&SERVERS);
    run_all(SECTION, &trials(), Place::Top, Some(&fleet));
}
