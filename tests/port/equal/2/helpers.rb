# Functions.
set :application, "shop"
role :app, "app1"

def remote_file(name, folder = "config")
  "/srv/#{application}/#{folder}/#{name}"
end

def rake(task, options = {})
  environment = options[:env] || "production"
  run "cd /srv && rake #{task} RAILS_ENV=#{environment}"
end

def several(*names)
  names.each { |name| run "mkdir #{name}" }
end

def early(n)
  return "small" if n < 10
  "large"
end

task :uses do
  run "ls #{remote_file("a.yml")} #{remote_file("b.rb", "lib")}"
  rake "db:migrate"
  rake "db:seed", :env => "staging"
  several "a", "b"
  run "echo #{early(5)} #{early(50)}"
end
