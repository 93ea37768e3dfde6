set :stage, :testing
set :kind, "new"
server "app1", user: "ann", roles: %w[web]
server "app2", roles: %w[db]
