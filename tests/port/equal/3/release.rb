# runs: db:seed deploy
set :application, "shop"
set :repo_url, "git@example.com:shop.git"
set :deploy_to, "/srv/shop"
server "app1", roles: %w[app db]

namespace :db do
  desc "Fill the database"
  task :seed do
    on roles(:db) do
      within release_path do
        execute :rake, "db:seed"
      end
      execute :touch, release_path.join("tmp/seeded")
    end
  end
end

task :before_it do
  on roles(:app) do
    execute :ls, release_path
  end
end

task :after_it do
  on roles(:app) do
    execute :ls, release_path, current_path
  end
end
before "deploy:starting", "before_it"
after "deploy:updated", "after_it"
