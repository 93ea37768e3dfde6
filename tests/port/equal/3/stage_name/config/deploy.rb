# A stage whose file calls it something else, and servers that the file of the stage names once more.
lock "~> 3.0"
set :application, "shop"
set :repo_url, "git@git.example.com:shop.git"
set :folder, -> { "/srv/#{fetch(:stage)}" }
set :early, "#{fetch(:stage)}"
set :kind, "old"
set :full, "#{fetch(:kind)}-#{fetch(:stage)}"
set :longer, "#{fetch(:full)}-x"
set :asked, -> { "#{fetch(:kind)}-#{fetch(:stage)}" }
server "app1", roles: %w[app]
server "app2", user: "bob", roles: %w[app]

task :says do
  on roles(:app) do |host|
    execute :echo, fetch(:stage), fetch(:folder), fetch(:early), host.user, fetch(:full), fetch(:longer), fetch(:asked)
    execute :echo, "test" if fetch(:stage) == :testing
  end
end

task :of_web do
  on roles(:web) do
    execute :id
  end
end
