# What deploy.rb decides by the stage, which Capistrano 3 knows when it reads the file.
lock "~> 3.0"
set :application, "shop"
set :repo_url, "git@git.example.com:shop.git"
stage = fetch(:stage)

if stage == :production
  set :domain, "shop.example.com"
  server "extra1", roles: %w[app]
else
  set :domain, "test.example.com"
end

case fetch(:stage)
when :production, :live
  set :workers, 8
  set :note, "many"
else
  set :workers, 1
end

set :wrong, true if fetch(:stage) == "production"
set :folder, "/srv/#{fetch(:domain)}"
set :deploy_to, "#{fetch(:folder)}/app"
server "by-#{fetch(:stage)}", roles: %w[web]

unless fetch(:stage) == :staging
  task :only_here do
    on roles(:app) do
      execute :echo, fetch(:domain)
    end
  end
end

task :says do
  on roles(:all) do
    execute :echo, fetch(:domain), fetch(:workers), fetch(:note, "few"), fetch(:wrong, "no")
    execute :ls, fetch(:folder), deploy_to
  end
end
