set :application, "shop"
set :repo_url, "@REPOSITORY@"
set :branch, -> { "main" }
set :deploy_to, "@ROOT@"
set :keep_releases, 5

task :prepare do
  on roles(:app) do |host|
    next if test("[ -e #{shared_path}/prepared ]")
    name = capture(:hostname)
    if host.properties.colour == "blue"
      execute :echo, name, ">", "#{shared_path}/blue"
    else
      execute :echo, name, ">", "#{shared_path}/other"
    end
    execute :touch, "#{shared_path}/prepared"
  end
end

namespace :cache do
  task :clear do
    on release_roles(:all) do
      within release_path do
        if test("[ -d #{release_path}/cache ]")
          execute :rm, "-rf", "cache"
        else
          execute :mkdir, "cache"
        end
      end
    end
  end
end

after "deploy:updated", "prepare"
after "deploy:published", "cache:clear"
