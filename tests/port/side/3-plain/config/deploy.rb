set :application, "shop"
set :repo_url, "@REPOSITORY@"
set :branch, "main"
set :deploy_to, "@ROOT@"
set :keep_releases, 2
append :linked_files, "config/database.yml"
append :linked_dirs, "log", "tmp/cache", "public/uploads"

namespace :deploy do
  task :restart do
    on roles(:app), in: :sequence, wait: 0 do
      execute :mkdir, "-p", release_path.join("tmp")
      execute :touch, release_path.join("tmp/restart.txt")
    end
  end
  after :publishing, :restart

  after :updated, :build do
    on roles(:web) do
      within release_path do
        with rails_env: "production" do
          execute :sh, "-c", "'echo $RAILS_ENV > built'"
        end
      end
    end
  end
end
