set :deploy_to, "/srv/production"

namespace :app do
  task :restart do
    on roles(:app) do
      execute :touch, "stage"
    end
  end
end
