server "www1", roles: %w[web], colour: "blue"
server "app1", roles: %w[web app], colour: "red", number: 1
server "app2", user: "other", roles: %w[app]
server "db1", roles: %w[db], primary: true, no_release: true
set :stage, :production
