# Capistrano takes a host for one server, whoever names its user.
set :application, "shop"
role :app, %w[own1 deploy@own2]
role :db, "own2"
server "own1", user: "bob", roles: %w[web]
server "own3", roles: %w[web]

task :everywhere do
  on roles(:all) do |host|
    execute :echo, host.user, host
  end
end

task :one_role do
  on roles(:db, :app) do
    execute :id
  end
end
