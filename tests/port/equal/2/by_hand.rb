# A stage that is only a variable, and what else recipes of Capistrano 2 write by hand.
set :application, "shop"
set :stage, "test" unless exists?(:stage)
role :app, "app1", "app2"

if stage == "production"
  role :web, "web1"
elsif stage == "test"
  role :web, "test1"
end

links = {
  "#{application}/z" => "to/z",
  "#{application}/a" => "to/a",
}

task :links do
  links.each { |from, to| run "ln -s #{from} #{to}" }
end

def sized(name, size: "small")
  "#{name}-#{size}"
end

task :named do
  run "echo #{sized('a')} #{sized('b', size: 'large')}"
end

task :guarded, :roles => :web do
  number = Integer("x") rescue "none"
  run "echo #{number} #{stage}"
  names = %w(a b c)
  names.delete_if { |name| name == "b" }
  run "echo #{names.join(' ')}"
end

depend :remote, :command, "git"
