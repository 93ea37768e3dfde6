# What Capistrano's own tasks of Git do, with the methods that a strategy or a plugin may have in the place of its own. The port puts the lines
# that it needs together in one.
Rake::Task["git:wrapper"].clear; Rake::Task["git:check"].clear; Rake::Task["git:clone"].clear
Rake::Task["git:update"].clear; Rake::Task["git:create_release"].clear; Rake::Task["git:set_current_revision"].clear
def git_test; test "[ -f #{repo_path}/HEAD ]"; end
def git_check; execute :git, "ls-remote", repo_url, "HEAD"; end
def git_clone; if fetch(:git_shallow_clone); execute :git, :clone, "--mirror", "--depth", fetch(:git_shallow_clone), "--no-single-branch", repo_url, repo_path; else; execute :git, :clone, "--mirror", repo_url, repo_path; end; end
def git_update; execute :git, :remote, "set-url", "origin", repo_url; if fetch(:git_shallow_clone); execute :git, :fetch, "--depth", fetch(:git_shallow_clone), "origin", fetch(:branch); else; execute :git, :remote, :update, "--prune"; end; end
def git_release; if fetch(:repo_tree); execute :git, :archive, fetch(:branch), fetch(:repo_tree), "| tar -x --strip-components #{fetch(:repo_tree).split("/").size} -f - -C", release_path; else; execute :git, :archive, fetch(:branch), "| tar -x -f - -C", release_path; end; end
def git_fetch_revision; capture(:git, "rev-list --max-count=1 #{fetch(:branch)}"); end
namespace(:git) do
task(:wrapper) { }
task(:check => "git:wrapper") { on(release_roles(:all)) { with(fetch(:git_environmental_variables)) { git_check } } }
task(:clone => "git:wrapper") { on(release_roles(:all)) { unless git_test; within(deploy_path) { with(fetch(:git_environmental_variables)) { git_clone } }; end } }
task(:update => "git:clone") { on(release_roles(:all)) { within(repo_path) { with(fetch(:git_environmental_variables)) { git_update } } } }
task(:create_release => "git:update") { on(release_roles(:all)) { with(fetch(:git_environmental_variables)) { within(repo_path) { execute :mkdir, "-p", release_path; git_release } } } }
task(:set_current_revision) { on(release_roles(:all)) { within(repo_path) { with(fetch(:git_environmental_variables)) { set :current_revision, git_fetch_revision } } } }
end
set :scm, :tasks
after "deploy:new_release_path", "git:create_release"
before "deploy:check", "git:check"
before "deploy:set_current_revision", "git:set_current_revision"
