# What is empty has no parts, and a server in a string is its host.
set :application, "shop"
set :repo_url, "git@example.com:shop.git"
server "app1", roles: %w[app]
server "db1", roles: %w[db], primary: true

task :parts do
  on roles(:app) do
    capture("ls", "old").split.each { |file| execute "rm -rf /srv/#{file}" }
    capture("ls", "older").split("\n").each { |file| execute "rm -rf /srv/#{file}" }
    "a b".split(" ").each { |word| execute :echo, word }
    execute "scp x #{primary(:db)}:/y"
  end
end
