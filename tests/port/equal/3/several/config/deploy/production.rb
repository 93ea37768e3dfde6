set :deploy_to, "/srv/second"
server "a.example.com", user: "deploy", roles: %w[app]
role :web, "www.#{fetch(:host)}"
server "www.#{fetch(:host)}", user: "other", roles: %w[db]

namespace :lamp do
  task :check do
    on(roles(:app)) { execute :echo, "of the stage" }
  end
end
