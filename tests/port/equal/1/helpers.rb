# Functions of the recipe.
set :application, "shop"
role :app, "app1", "app2"

def link_command(name, target = "/srv/shared")
  "ln -nfs #{target}/#{name} /srv/#{application}/#{name}"
end

def in_app(command)
  "cd /srv/#{application} && #{command}"
end

task :link do
  run link_command("log")
  run link_command("tmp", "/var/tmp")
end

task :rake_it do
  run in_app("rake db:migrate")
end

task :all do
  %w(a b).each { |name| run link_command(name) }
end
