lock "~> 3.17"
# runs: deploy logs:tail maintenance:on maintenance:off maintenance:schedule
set :application, "wiki"
set :repo_url, "git@example.com:wiki.git"
set :deploy_to, -> { "/srv/#{fetch(:application)}-#{fetch(:stage)}" }
append :linked_files, "config/database.yml"
append :linked_dirs, "log", "tmp/pids"
set :keep_releases, 3
set :default_env, { "NODE_ENV" => "production" }

after "deploy:published", "maintenance:off"
before "deploy:updating", "maintenance:on"
