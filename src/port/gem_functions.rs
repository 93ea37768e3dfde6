//! The functions that gems define for recipes. A recipe that calls one gets it, as one that another file of the project
//! defines.

use std::collections::BTreeMap;

use super::facts::Function;
use super::parameters::function_of;
use super::ruby::id;
use crate::packed::{Packed, packed};
use crate::recipe::Vocabulary;

/// All of them, in the words of Ruby: a section for each library of capr, which is named in the line above it.
const FUNCTIONS: Packed = packed!("src/port/gem_functions.rb");

/// Returns those whose library is required.
pub(super) fn of(vocabulary: &Vocabulary) -> BTreeMap<String, Function> {
    let text = FUNCTIONS.text();
    let sections = text.split("# ").filter_map(|section| section.split_once('\n'));
    let wanted = sections.filter(|(library, _)| vocabulary.has_library(library));
    crate::sort::map(wanted.flat_map(|(_, code)| functions(code)))
}

fn functions(code: &str) -> Vec<(String, Function)> {
    let parsed = ruby_prism::parse(code.as_bytes());
    let Some(program) = parsed.node().as_program_node() else {
        return Vec::new();
    };
    let nodes = program.statements().body();
    let definitions = nodes.iter().filter_map(|node| node.as_def_node());
    let function = |node: ruby_prism::DefNode<'_>| (id(&node.name()), function_of(&node, usize::MAX, (0, 0)));
    definitions.map(function).collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{has, recipe};

    #[test]
    fn functions_that_gems_define_and_commands_of_their_tasks_are_carried_over() {
        let own = "require 'capistrano/symfony'\nrequire 'capistrano/laravel'\nrequire 'capistrano/puma'\nset :repo_url, 'x'\nlock '3'\n\
                   task :a do\n  on(roles(:db)) { symfony_console 'x:y', '--z'; execute :ls, symfony_web_path }\n\
                   invoke 'symfony:console', 'm', \"--e=#{fetch(:stage)}\", 'db'\n  Rake::Task['laravel:artisan'].invoke('up', '-q'); invoke 'composer:run', :update, '-n'\n\
                   on(roles(:app)) { |role| puma_switch_user(role) { execute 'p' } }\nend\n";
        let (text, notes) = recipe(own);
        assert!(notes.is_empty(), "{notes:?}");
        has(
            &text,
            &[
                "symfony_console(\"x:y\", \"--z\");",
                "run `ls ${symfony_web_path()}`;",
                "run `php ${join_path(release_path, symfony_console_path)} ${command} ${params} ${symfony_console_flags}`;",
                "fn symfony_web_path() {\n  join_path(release_path, web_path)\n}",
                "ENV[\"ROLE\"] = \"db\";\n  invoke \"symfony:console\", :again => true;\n  ENV.remove(\"COMMAND\");\n  ENV.remove(\"ROLE\");",
                "ENV[\"COMMAND\"] = \"up -q\";\n  invoke \"laravel:artisan\", :again => true;\n  ENV.remove(\"COMMAND\");\n",
                "ENV[\"COMMAND\"] = \"update -n\";\n  invoke \"composer:run\", :again => true;\n",
                "run \"p\";",
            ],
        );
        let (text, notes) = recipe(&format!("server 'a', roles: %w[app], run_as: 'www'\n{own}"));
        assert_eq!(notes.len(), 1, "another user: {text}");
        let (text, _) = recipe(
            "require 'capistrano/symfony'\nset :repo_url, 'x'\nlock '3'\ndef symfony_web_path\n  'own'\nend\ntask(:a) { on(roles(:app)) { execute :ls, symfony_web_path } }\n",
        );
        assert!(text.contains("\"own\"") && !text.contains("web_path)"), "{text}");
        let arguments = "set :repo_url, 'x'\nlock '3'\ntask(:a, [:x]) { |t, args| puts args[:x] }\ntask(:b) { Rake::Task['a'].invoke('v') }\n";
        has(&recipe(arguments).0, &["ENV[\"x\"] = \"v\";\n  invoke \"a\";"]);
    }

    #[test]
    fn parts_of_gems_become_settings_of_their_libraries() {
        let (text, notes) = recipe(
            "require 'capistrano/passenger/no_hook'\nrequire 'capistrano/data_migrate'\nrequire 'capistrano/nginx'\n\
             require 'capistrano/rbenv_vars'\nrequire 'capistrano/symfony-doctrine'\ninstall_plugin Capistrano::Nginx\n\
             set :repo_url, 'x'\nlock '3'\nafter 'deploy:finished', 'nginx:reload'\nbefore 'deploy:updated', 'symfony:doctrine:cache:clear_query'\n",
        );
        assert!(notes.is_empty(), "{notes:?}");
        has(
            &text,
            &[
                "require \"passenger\";\nremove :restart_tasks, \"passenger:restart\";",
                "require \"rails/migrations\";\nset :migration_command { `${rake_command} db:migrate:with_data` }",
                "require \"nginx\";\nrequire \"symfony\";",
            ],
        );
        let (_, notes) = recipe("require 'capistrano/data_migrate'\nset :conditionally_migrate, true\n");
        assert!(notes.is_empty(), "{notes:?}");
    }
}
